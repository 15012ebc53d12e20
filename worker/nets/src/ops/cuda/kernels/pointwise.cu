// Value by value.

extern "C" __global__ void relu(const T* x, T* y, u32 n, double most_) {
    T most = (T)most_;
    EACH(i, n) {
        T v = positive(x[i]);
        y[i] = v >= most ? most : v;
    }
}

extern "C" __global__ void relu_back(const T* y, const T* dy, T* dx, u32 n, double most_) {
    T most = (T)most_;
    EACH(i, n) dx[i] = (y[i] <= (T)0) | (y[i] >= most) ? (T)0 : dy[i];
}

extern "C" __global__ void elu(const T* x, T* y, u32 n, double alpha) {
    EACH(i, n) y[i] = x[i] > (T)0 ? x[i] : (T)alpha * expm1(x[i]);
}

extern "C" __global__ void elu_back(const T* y, const T* dy, T* dx, u32 n, double alpha) {
    EACH(i, n) dx[i] = y[i] > (T)0 ? dy[i] : dy[i] * (y[i] + (T)alpha);
}

// y = product + bias of the column, with or without ReLU.
extern "C" __global__ void bias_rows(const T* product, const T* bias, T* y, u32 n, u32 columns, u32 relu) {
    EACH(i, n) {
        T v = product[i] + bias[i % columns];
        y[i] = relu ? positive(v) : v;
    }
}

// Sums of columns: a block takes 32 of them, 32 threads to each.
extern "C" __global__ void column_sums(const T* x, T* sums, u32 rows, u32 columns) {
    __shared__ double parts[32][33];
    u32 column = blockIdx.x * 32 + threadIdx.x % 32, lane = threadIdx.x / 32;
    double sum = 0.0;
    if (column < columns)
        for (u32 row = lane; row < rows; row += 32) sum += (double)x[(u64)row * columns + column];
    parts[lane][threadIdx.x % 32] = sum;
    __syncthreads();
    if (lane == 0 && column < columns) {
        for (u32 other = 1; other < 32; other++) sum += parts[other][threadIdx.x];
        sums[column] = (T)sum;
    }
}

// Word `index` of SplitMix64 used by counter: `Draw::word`.
__device__ u64 word(u64 key, u64 index) {
    u64 z = key + (index + 1) * 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

extern "C" __global__ void dropout(const T* x, T* y, u32 n, u64 key, u32 keep_below, double scale) {
    EACH(four, (n + 3) / 4) {
        u64 bits = word(key, four);
        for (u32 j = 0; j < 4 && 4 * four + j < n; j++) {
            u32 i = 4 * four + j;
            y[i] = x[i] * ((u32)(bits >> (16 * j) & 0xFFFF) < keep_below ? (T)scale : (T)0);
        }
    }
}
