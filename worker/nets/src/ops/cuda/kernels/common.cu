// What all kernels share. NUMBER is float or double, by the launcher. Sums have a fixed order, so that results have too.

typedef NUMBER T;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;

// Every index below n that falls to this thread.
#define EACH(i, n) for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += gridDim.x * blockDim.x)

// The sum over a block of up to 1024 threads, a multiple of 32, in thread 0.
__device__ double block_sum(double value) {
    __shared__ double parts[32];
    __syncthreads();
    for (int away = 16; away > 0; away /= 2) value += __shfl_down_sync(0xffffffffu, value, away);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x < 32) {
        value = threadIdx.x < blockDim.x / 32 ? parts[threadIdx.x] : 0.0;
        for (int away = 16; away > 0; away /= 2) value += __shfl_down_sync(0xffffffffu, value, away);
    }
    return value;
}

// The larger of 0 and x; NaN stays.
__device__ T positive(T x) { return x <= (T)0 ? (T)0 : x; }
