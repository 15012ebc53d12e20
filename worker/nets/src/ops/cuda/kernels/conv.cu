// Convolution by a matrix product over the unrolled input. Columns of the unrolled input and of the product are all places of
// all images of a chunk, image after image.

#define AXES                                                                                                             \
    u32 kh, u32 sh, u32 height, u32 top, u32 oh, u32 kw, u32 sw, u32 width, u32 left, u32 ow

// unrolled[(channel, kernel row, kernel column)][(image, row, column)]; each thread takes every gridDim.y-th tap of a place.
extern "C" __global__ void unroll(const T* x, T* unrolled, u32 images, u32 channels, AXES) {
    u32 places = images * oh * ow, taps = channels * kh * kw;
    EACH(at, places) {
        u32 column = at % ow, row = at / ow % oh, image = at / (ow * oh);
        const T* from = x + (u64)image * channels * height * width;
        int h0 = (int)(row * sh) - (int)top, w0 = (int)(column * sw) - (int)left;
        for (u32 tap = blockIdx.y; tap < taps; tap += gridDim.y) {
            u32 j = tap % kw, i = tap / kw % kh, channel = tap / (kw * kh);
            int h = h0 + (int)i, w = w0 + (int)j;
            bool inside = h >= 0 && h < (int)height && w >= 0 && w < (int)width;
            unrolled[(u64)tap * places + at] = inside ? from[((u64)channel * height + h) * width + w] : (T)0;
        }
    }
}

// The transpose of `unroll`: each value gathers from the windows that have it.
extern "C" __global__ void fold(const T* unrolled, T* x, u32 images, u32 channels, AXES) {
    u32 places = images * oh * ow;
    EACH(at, images * channels * height * width) {
        u32 w = at % width, h = at / width % height, channel = at / (width * height) % channels;
        u32 image = at / (width * height * channels);
        T sum = (T)0;
        for (u32 i = (h + top) % sh; i < kh && i <= h + top; i += sh) {
            u32 row = (h + top - i) / sh;
            if (row >= oh) continue;
            for (u32 j = (w + left) % sw; j < kw && j <= w + left; j += sw) {
                u32 column = (w + left - j) / sw;
                if (column >= ow) continue;
                sum += unrolled[(u64)((channel * kh + i) * kw + j) * places + (image * oh + row) * ow + column];
            }
        }
        x[at] = sum;
    }
}

// Of a product, `filter_step` leads from filter to filter and `image_step` from image to image.
#define LAYOUT u32 images, u32 filters, u32 places, u32 filter_step, u32 image_step

// y[image][filter][place] = product[filter][image][place] + bias[filter], if there is one. May be done in place.
extern "C" __global__ void finish(const T* product, const T* bias, T* y, LAYOUT, u32 biased) {
    EACH(at, images * filters * places) {
        u32 place = at % places, filter = at / places % filters, image = at / (places * filters);
        T v = product[(u64)filter * filter_step + (u64)image * image_step + place];
        y[at] = biased ? v + bias[filter] : v;
    }
}

// to[filter][image][place] = from[image][filter][place], for images that share a product.
extern "C" __global__ void begin_back(const T* from, T* to, LAYOUT) {
    EACH(at, images * filters * places) {
        u32 place = at % places, image = at / places % images, filter = at / (places * images);
        to[(u64)filter * filter_step + (u64)image * image_step + place] = from[((u64)image * filters + filter) * places + place];
    }
}

// Bias, ReLU and max-pool 2. A winner is the place of the maximum of four (row-major), plus 4 if it is not above 0.
extern "C" __global__ void finish_pool(
    const T* product, const T* bias, T* y, u8* winners, LAYOUT, u32 oh, u32 ow) {
    u32 ph = oh / 2, pw = ow / 2;
    EACH(at, images * filters * ph * pw) {
        u32 column = at % pw, row = at / pw % ph, filter = at / (pw * ph) % filters, image = at / (pw * ph * filters);
        const T* from = product + (u64)filter * filter_step + (u64)image * image_step + 2 * row * ow + 2 * column;
        T add = bias[filter], best = from[0] + add;
        u32 won = 0;
        for (u32 i = 1; i < 4; i++) {
            T v = from[(i / 2) * ow + i % 2] + add;
            if (v > best || isnan(v)) { best = v; won = i; }
        }
        bool shut = best <= (T)0;
        y[at] = shut ? (T)0 : best;
        winners[at] = won + (shut ? 4 : 0);
    }
}

extern "C" __global__ void begin_back_pool(const T* dy, const u8* winners, T* to, LAYOUT, u32 oh, u32 ow) {
    u32 ph = oh / 2, pw = ow / 2;
    EACH(at, images * filters * places) {
        u32 place = at % places, filter = at / places % filters, image = at / (places * filters);
        u32 column = place % ow, row = place / ow;
        T v = (T)0;
        if (row / 2 < ph && column / 2 < pw) {
            u64 from = (((u64)image * filters + filter) * ph + row / 2) * pw + column / 2;
            if (winners[from] == row % 2 * 2 + column % 2) v = dy[from];
        }
        to[(u64)filter * filter_step + (u64)image * image_step + place] = v;
    }
}

// Sums over images and places of each filter, a row of blocks for each; then of what the blocks have.
extern "C" __global__ void filter_sums(const T* x, double* parts, LAYOUT) {
    double sum = 0.0;
    EACH(at, images * places) {
        sum += (double)x[(u64)blockIdx.y * filter_step + (u64)(at / places) * image_step + at % places];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) parts[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

extern "C" __global__ void finish_sums(const double* parts, T* sums, u32 filters, u32 count) {
    EACH(filter, filters) {
        double sum = 0.0;
        for (u32 i = 0; i < count; i++) sum += parts[filter * count + i];
        sums[filter] = (T)sum;
    }
}

// Depthwise: `each` filters to a channel.
extern "C" __global__ void depthwise(
    const T* x, const T* weight, const T* bias, T* y, u32 images, u32 channels, u32 each, u32 biased, AXES) {
    u32 filters = channels * each;
    EACH(at, images * filters * oh * ow) {
        u32 column = at % ow, row = at / ow % oh, filter = at / (ow * oh) % filters, image = at / (ow * oh * filters);
        const T* from = x + ((u64)image * channels + filter / each) * height * width;
        const T* taps = weight + filter * kh * kw;
        int h0 = (int)(row * sh) - (int)top, w0 = (int)(column * sw) - (int)left;
        T sum = biased ? bias[filter] : (T)0;
        for (u32 i = 0; i < kh; i++) {
            int h = h0 + (int)i;
            if (h < 0 || h >= (int)height) continue;
            for (u32 j = 0; j < kw; j++) {
                int w = w0 + (int)j;
                if (w >= 0 && w < (int)width) sum += taps[i * kw + j] * from[h * width + w];
            }
        }
        y[at] = sum;
    }
}

extern "C" __global__ void depthwise_back_x(
    const T* dy, const T* weight, T* dx, u32 images, u32 channels, u32 each, AXES) {
    EACH(at, images * channels * height * width) {
        u32 w = at % width, h = at / width % height, channel = at / (width * height) % channels;
        u32 image = at / (width * height * channels);
        T sum = (T)0;
        for (u32 filter = channel * each; filter < (channel + 1) * each; filter++) {
            const T* from = dy + ((u64)image * channels * each + filter) * oh * ow;
            for (u32 i = (h + top) % sh; i < kh && i <= h + top; i += sh) {
                u32 row = (h + top - i) / sh;
                if (row >= oh) continue;
                for (u32 j = (w + left) % sw; j < kw && j <= w + left; j += sw) {
                    u32 column = (w + left - j) / sw;
                    if (column < ow) sum += weight[(filter * kh + i) * kw + j] * from[row * ow + column];
                }
            }
        }
        dx[at] = sum;
    }
}

// A block for each (filter, tap).
extern "C" __global__ void depthwise_back_w(
    const T* x, const T* dy, T* dw, u32 images, u32 channels, u32 each, AXES) {
    u32 j = blockIdx.x % kw, i = blockIdx.x / kw % kh, filter = blockIdx.x / (kw * kh);
    double sum = 0.0;
    for (u32 at = threadIdx.x; at < images * oh * ow; at += blockDim.x) {
        u32 column = at % ow, row = at / ow % oh, image = at / (ow * oh);
        int h = (int)(row * sh + i) - (int)top, w = (int)(column * sw + j) - (int)left;
        if (h < 0 || h >= (int)height || w < 0 || w >= (int)width) continue;
        T g = dy[(((u64)image * channels * each + filter) * oh + row) * ow + column];
        sum += (double)(g * x[(((u64)image * channels + filter / each) * height + h) * width + w]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) dw[blockIdx.x] = (T)sum;
}
