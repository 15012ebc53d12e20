// Losses. One block, so that the sum has one order; batches are small.

__device__ T largest(const T* row, u32 classes) {
    T top = row[0];
    for (u32 i = 1; i < classes; i++) top = row[i] > top ? row[i] : top;
    return top;
}

__device__ T exponentials(const T* row, u32 classes, T top) {
    T sum = (T)0;
    for (u32 i = 0; i < classes; i++) sum += exp(row[i] - top);
    return sum;
}

#define TARGETS                                                                                                          \
    const u32* labels, const T* shares, const double* weights, u32 soft, u32 weighted, double smoothing

// The smoothed and weighted target of a class in a row.
__device__ double target(TARGETS, u32 row, u32 class_, u32 classes) {
    double weight = weighted ? weights[class_] : 1.0;
    double share = soft ? (double)shares[row * classes + class_] : (labels[row] == class_ ? 1.0 : 0.0);
    return weight * (smoothing / classes + (1.0 - smoothing) * share);
}

#define TARGET labels, shares, weights, soft, weighted, smoothing

// `by` is what the sum was divided by. A label that names no class makes both no number.
extern "C" __global__ void cross_entropy(
    const T* logits, TARGETS, T* loss, double* by, u32 rows, u32 classes, u32 mean) {
    double sum = 0.0, total = 0.0;
    for (u32 row = threadIdx.x; row < rows; row += blockDim.x) {
        const T* x = logits + row * classes;
        T top = largest(x, classes), normaliser = log(exponentials(x, classes, top));
        for (u32 i = 0; i < classes; i++) sum += target(TARGET, row, i, classes) * (double)(normaliser - (x[i] - top));
        if (soft) total += 1.0;
        else if (labels[row] >= classes) total = nan("");
        else total += weighted ? weights[labels[row]] : 1.0;
    }
    sum = block_sum(sum);
    total = block_sum(total);
    if (threadIdx.x == 0) {
        if (!mean) total = isnan(total) ? total : 1.0;
        *loss = (T)(sum / total);
        *by = total;
    }
}

extern "C" __global__ void cross_entropy_back(
    const T* logits, TARGETS, const T* dloss, const double* by, T* dx, u32 rows, u32 classes) {
    double factor = (double)*dloss / *by;
    EACH(row, rows) {
        const T* x = logits + row * classes;
        T top = largest(x, classes), sum = exponentials(x, classes, top);
        double all = 0.0;
        for (u32 i = 0; i < classes; i++) all += target(TARGET, row, i, classes);
        for (u32 i = 0; i < classes; i++) {
            double probability = (double)(exp(x[i] - top) / sum);
            dx[row * classes + i] = (T)((probability * all - target(TARGET, row, i, classes)) * factor);
        }
    }
}

extern "C" __global__ void binary(const T* logits, const T* targets, T* loss, u32 n) {
    double sum = 0.0;
    for (u32 i = threadIdx.x; i < n; i += blockDim.x) {
        double x = (double)logits[i], t = (double)targets[i];
        sum += (x < 0.0 ? 0.0 : x) - x * t + log1p(exp(-fabs(x)));
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) *loss = (T)(sum / n);
}

extern "C" __global__ void binary_back(const T* logits, const T* targets, const T* dloss, T* dx, u32 n) {
    double factor = (double)*dloss / n;
    EACH(i, n) {
        double x = (double)logits[i], small = exp(-fabs(x)), sigmoid = (x < 0.0 ? small : 1.0) / (1.0 + small);
        dx[i] = (T)((sigmoid - (double)targets[i]) * factor);
    }
}
