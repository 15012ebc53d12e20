// Batch normalisation of values in runs: those of all channels in turn, image after image.

// Sums of distances from a channel's first value, and of their squares: nothing cancels where the mean is large. A row of
// blocks for each channel, each with a pair in `sums`.
extern "C" __global__ void moments(const T* x, double* sums, u32 images, u32 channels, u32 run) {
    u32 channel = blockIdx.y, count = images * run;
    T shift = x[(u64)channel * run];
    double sum = 0.0, squares = 0.0;
    EACH(at, count) {
        T away = x[((u64)(at / run) * channels + channel) * run + at % run] - shift;
        sum += (double)away;
        squares += (double)(away * away);
    }
    sum = block_sum(sum);
    squares = block_sum(squares);
    if (threadIdx.x == 0) {
        sums[2 * (channel * gridDim.x + blockIdx.x)] = sum;
        sums[2 * (channel * gridDim.x + blockIdx.x) + 1] = squares;
    }
}

// Means, variances, and y = (x - shift) scale + add in rows of `affine`.
extern "C" __global__ void finish_moments(
    const T* x, const double* sums, const T* weight, const T* bias, double* mean, double* variance, T* affine,
    u32 channels, u32 run, u32 parts, double count, double eps) {
    EACH(channel, channels) {
        double sum = 0.0, squares = 0.0;
        for (u32 i = 0; i < parts; i++) {
            sum += sums[2 * (channel * parts + i)];
            squares += sums[2 * (channel * parts + i) + 1];
        }
        T shift = x[(u64)channel * run];
        double away = sum / count, spread = squares / count - away * away;
        // Not fmax, which passes over what is no number.
        if (spread < 0.0) spread = 0.0;
        double scale = (double)weight[channel] / sqrt(spread + eps);
        mean[channel] = (double)shift + away;
        variance[channel] = spread;
        affine[channel] = shift;
        affine[channels + channel] = (T)scale;
        affine[2 * channels + channel] = (T)((double)bias[channel] - away * scale);
    }
}

// The same from statistics that are given.
extern "C" __global__ void given_moments(
    const T* weight, const T* bias, const T* mean, const T* variance, T* affine, u32 channels, double eps) {
    EACH(channel, channels) {
        double scale = (double)weight[channel] / sqrt((double)variance[channel] + eps);
        affine[channel] = (T)0;
        affine[channels + channel] = (T)scale;
        affine[2 * channels + channel] = (T)((double)bias[channel] - (double)mean[channel] * scale);
    }
}

extern "C" __global__ void normalise(const T* x, const T* affine, T* y, u32 n, u32 channels, u32 run, u32 relu) {
    EACH(at, n) {
        u32 channel = at / run % channels;
        T v = (x[at] - affine[channel]) * affine[channels + channel] + affine[2 * channels + channel];
        y[at] = relu ? positive(v) : v;
    }
}

// Sums of the gradient behind the ReLU, and of it times the normalised value.
extern "C" __global__ void gradient_moments(
    const T* x, const T* y, const T* dy, const double* mean, const double* variance, double* sums, u32 images,
    u32 channels, u32 run, double eps, u32 relu) {
    u32 channel = blockIdx.y, count = images * run;
    T near = (T)mean[channel], rest = (T)(mean[channel] - (double)near);
    T inverse = (T)(1.0 / sqrt(variance[channel] + eps));
    double sum = 0.0, product = 0.0;
    EACH(at, count) {
        u64 i = ((u64)(at / run) * channels + channel) * run + at % run;
        T g = relu && !(y[i] > (T)0) ? (T)0 : dy[i];
        sum += (double)g;
        product += (double)(g * ((x[i] - near - rest) * inverse));
    }
    sum = block_sum(sum);
    product = block_sum(product);
    if (threadIdx.x == 0) {
        sums[2 * (channel * gridDim.x + blockIdx.x)] = sum;
        sums[2 * (channel * gridDim.x + blockIdx.x) + 1] = product;
    }
}

// Gradients of weight and bias, and dx = scale (g - level - (x - near - rest) slope) in rows of `affine`.
extern "C" __global__ void finish_gradient(
    const double* sums, const double* mean, const double* variance, const T* weight, T* dw, T* db, T* affine,
    u32 channels, u32 parts, double count, double eps) {
    EACH(channel, channels) {
        double sum = 0.0, product = 0.0;
        for (u32 i = 0; i < parts; i++) {
            sum += sums[2 * (channel * parts + i)];
            product += sums[2 * (channel * parts + i) + 1];
        }
        double inverse = 1.0 / sqrt(variance[channel] + eps);
        db[channel] = (T)sum;
        dw[channel] = (T)product;
        T near = (T)mean[channel];
        affine[channel] = near;
        affine[channels + channel] = (T)(mean[channel] - (double)near);
        affine[2 * channels + channel] = (T)((double)weight[channel] * inverse);
        affine[3 * channels + channel] = (T)(sum / count);
        affine[4 * channels + channel] = (T)(product / count * inverse);
    }
}

extern "C" __global__ void normalise_back(
    const T* x, const T* y, const T* dy, const T* affine, T* dx, u32 n, u32 channels, u32 run, u32 relu) {
    EACH(at, n) {
        const T* a = affine + at / run % channels;
        T g = relu && !(y[at] > (T)0) ? (T)0 : dy[at];
        dx[at] = a[2 * channels] * (g - a[3 * channels] - (x[at] - a[0] - a[channels]) * a[4 * channels]);
    }
}

extern "C" __global__ void update_running(
    T* running_mean, T* running_variance, const double* mean, const double* variance, u32 channels, double momentum,
    double factor) {
    EACH(channel, channels) {
        double m = (double)running_mean[channel], v = (double)running_variance[channel];
        running_mean[channel] = (T)(m + momentum * (mean[channel] - m));
        running_variance[channel] = (T)(v + momentum * (variance[channel] * factor - v));
    }
}
