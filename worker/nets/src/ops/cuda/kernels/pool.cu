// Pools over planes of height by width.

#define AXES                                                                                                             \
    u32 kh, u32 sh, u32 height, u32 top, u32 oh, u32 kw, u32 sw, u32 width, u32 left, u32 ow

// The first of equal maxima in row-major order wins; so does a NaN, the last of them.
extern "C" __global__ void max_pool(const T* x, T* y, u32* winners, u32 planes, AXES) {
    EACH(at, planes * oh * ow) {
        u32 column = at % ow, row = at / ow % oh, plane = at / (ow * oh);
        const T* from = x + (u64)plane * height * width;
        u32 h0 = row * sh > top ? row * sh - top : 0, h1 = min(row * sh + kh - top, height);
        u32 w0 = column * sw > left ? column * sw - left : 0, w1 = min(column * sw + kw - left, width);
        T best = from[h0 * width + w0];
        u32 won = h0 * width + w0;
        for (u32 h = h0; h < h1; h++)
            for (u32 w = w0; w < w1; w++) {
                T v = from[h * width + w];
                if (v > best || isnan(v)) { best = v; won = h * width + w; }
            }
        y[at] = best;
        winners[at] = won;
    }
}

// The first and the last but one window over a place.
__device__ u32 first_window(u32 at, u32 before, u32 kernel, u32 stride) {
    return at + before >= kernel ? (at + before - kernel) / stride + 1 : 0;
}
__device__ u32 end_window(u32 at, u32 before, u32 stride, u32 outputs) { return min((at + before) / stride + 1, outputs); }

extern "C" __global__ void max_pool_back(const T* dy, const u32* winners, T* dx, u32 planes, AXES) {
    EACH(at, planes * height * width) {
        u32 place = at % (height * width), plane = at / (height * width), w = place % width, h = place / width;
        T sum = (T)0;
        for (u32 row = first_window(h, top, kh, sh); row < end_window(h, top, sh, oh); row++)
            for (u32 column = first_window(w, left, kw, sw); column < end_window(w, left, sw, ow); column++) {
                u64 from = ((u64)plane * oh + row) * ow + column;
                if (winners[from] == place) sum += dy[from];
            }
        dx[at] = sum;
    }
}

// The maximum of each plane; a block of 256 for each.
extern "C" __global__ void plane_max(const T* x, T* y, u32* winners, u32 places) {
    __shared__ T values[256];
    __shared__ u32 from[256];
    const T* plane = x + (u64)blockIdx.x * places;
    T best = plane[0];
    u32 won = 0;
    for (u32 i = threadIdx.x; i < places; i += blockDim.x)
        if (plane[i] > best || isnan(plane[i])) { best = plane[i]; won = i; }
    values[threadIdx.x] = best;
    from[threadIdx.x] = won;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (u32 i = 1; i < 256; i++) {
            bool first = values[i] == best && from[i] < won;
            if (values[i] > best || isnan(values[i]) || first) { best = values[i]; won = from[i]; }
        }
        y[blockIdx.x] = best;
        winners[blockIdx.x] = won;
    }
}

extern "C" __global__ void plane_max_back(const T* dy, const u32* winners, T* dx, u32 n, u32 places) {
    EACH(at, n) dx[at] = winners[at / places] == at % places ? dy[at / places] : (T)0;
}

// The windows of averages. A stride of 0 stands for adaptive bins, as many as there are outputs.
struct Span { u32 start, end, count; };
__device__ Span window(u32 at, u32 kernel, u32 stride, u32 input, u32 before, u32 output, u32 padding_counts) {
    Span span;
    if (stride == 0) {
        span.start = (u32)((u64)at * input / output);
        span.end = (u32)((((u64)at + 1) * input + output - 1) / output);
        span.count = span.end - span.start;
    } else {
        span.start = at * stride > before ? at * stride - before : 0;
        span.end = min(at * stride + kernel - before, input);
        span.count = padding_counts ? kernel : span.end - span.start;
    }
    return span;
}

extern "C" __global__ void avg_pool(const T* x, T* y, u32 planes, u32 padding_counts, AXES) {
    EACH(at, planes * oh * ow) {
        u32 column = at % ow, row = at / ow % oh, plane = at / (ow * oh);
        Span high = window(row, kh, sh, height, top, oh, padding_counts);
        Span wide = window(column, kw, sw, width, left, ow, padding_counts);
        T sum = (T)0;
        for (u32 h = high.start; h < high.end; h++)
            for (u32 w = wide.start; w < wide.end; w++) sum += x[((u64)plane * height + h) * width + w];
        y[at] = sum / (T)(high.count * wide.count);
    }
}

// The outputs whose windows have a place.
__device__ Span over(u32 at, u32 kernel, u32 stride, u32 input, u32 before, u32 output) {
    Span span;
    if (stride == 0) {
        span.start = (u32)((u64)at * output / input);
        span.end = (u32)((((u64)at + 1) * output + input - 1) / input);
    } else {
        span.start = first_window(at, before, kernel, stride);
        span.end = end_window(at, before, stride, output);
    }
    return span;
}

extern "C" __global__ void avg_pool_back(const T* dy, T* dx, u32 planes, u32 padding_counts, AXES) {
    EACH(at, planes * height * width) {
        u32 w = at % width, h = at / width % height, plane = at / (width * height);
        Span rows = over(h, kh, sh, height, top, oh), columns = over(w, kw, sw, width, left, ow);
        T sum = (T)0;
        for (u32 row = rows.start; row < rows.end; row++)
            for (u32 column = columns.start; column < columns.end; column++) {
                u32 high = window(row, kh, sh, height, top, oh, padding_counts).count;
                u32 wide = window(column, kw, sw, width, left, ow, padding_counts).count;
                sum += dy[((u64)plane * oh + row) * ow + column] / (T)(high * wide);
            }
        dx[at] = sum;
    }
}

// The mean of each plane; a warp for each.
extern "C" __global__ void plane_mean(const T* x, T* y, u32 planes, u32 places) {
    for (u32 plane = (blockIdx.x * blockDim.x + threadIdx.x) / 32; plane < planes; plane += gridDim.x * blockDim.x / 32) {
        double sum = 0.0;
        for (u32 i = threadIdx.x % 32; i < places; i += 32) sum += (double)x[(u64)plane * places + i];
        for (int away = 16; away > 0; away /= 2) sum += __shfl_down_sync(0xffffffffu, sum, away);
        if (threadIdx.x % 32 == 0) y[plane] = (T)(sum / places);
    }
}

extern "C" __global__ void plane_mean_back(const T* dy, T* dx, u32 n, u32 places) {
    EACH(at, n) dx[at] = dy[at / places] / (T)places;
}
