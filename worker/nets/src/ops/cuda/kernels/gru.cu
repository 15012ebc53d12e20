// A gated recurrent unit over a whole sequence. A block has a row of the batch and walks its steps: no step waits for the host.
// Arrays lie row, step, value; `kept` has r, z, n and what r meets; `all` has a state more than steps, the first 0;
// `given` has the states after all steps, or after the last.

__device__ T sigmoid(T x) { return (T)1 / ((T)1 + exp(-x)); }

// `turned` is (states, 3 states), the hidden weights transposed. Shared: the state, what stands for it in the candidate, and
// the hidden share of all gates.
extern "C" __global__ void gru(
    const T* x, const T* turned, const T* bias, T* kept, T* all, T* given, u32 steps, u32 states, u32 reset_after,
    u32 last_only) {
    extern __shared__ __align__(16) unsigned char room[];
    T* h = (T*)room;
    T* reached = h + states;
    T* hidden = reached + states;
    u32 width = 3 * states;
    x += (u64)blockIdx.x * steps * width;
    kept += (u64)blockIdx.x * steps * 4 * states;
    all += (u64)blockIdx.x * (steps + 1) * states;
    for (u32 i = threadIdx.x; i < states; i += blockDim.x) h[i] = all[i] = (T)0;
    __syncthreads();
    for (u32 step = 0; step < steps; step++) {
        u32 direct = reset_after ? width : 2 * states;
        for (u32 g = threadIdx.x; g < direct; g += blockDim.x) {
            T sum = bias[g];
            for (u32 k = 0; k < states; k++) sum += turned[k * width + g] * h[k];
            hidden[g] = sum;
        }
        __syncthreads();
        for (u32 i = threadIdx.x; i < states; i += blockDim.x) {
            T r = sigmoid(x[i] + hidden[i]), z = sigmoid(x[states + i] + hidden[states + i]);
            kept[i] = r;
            kept[states + i] = z;
            reached[i] = reset_after ? hidden[2 * states + i] : r * h[i];
            kept[3 * states + i] = reached[i];
        }
        __syncthreads();
        if (!reset_after) {
            for (u32 g = 2 * states + threadIdx.x; g < width; g += blockDim.x) {
                T sum = bias[g];
                for (u32 k = 0; k < states; k++) sum += turned[k * width + g] * reached[k];
                hidden[g] = sum;
            }
            __syncthreads();
        }
        all += states;
        for (u32 i = threadIdx.x; i < states; i += blockDim.x) {
            T r = reset_after ? kept[i] : (T)1;
            T n = tanh(x[2 * states + i] + r * hidden[2 * states + i]);
            kept[2 * states + i] = n;
            h[i] = all[i] = n + kept[states + i] * (h[i] - n);
            if (!last_only) given[((u64)blockIdx.x * steps + step) * states + i] = h[i];
            else if (step + 1 == steps) given[(u64)blockIdx.x * states + i] = h[i];
        }
        __syncthreads();
        x += width;
        kept += 4 * states;
    }
}

// `weight` is (3 states, states). `dy` has a row for every step, or one for the last. `dx` is the gradient of the input's
// share of the gates, `dhidden` of the hidden weights'. Shared: the state's gradient, the candidate's, and those of all gates.
extern "C" __global__ void gru_back(
    const T* dy, const T* weight, const T* kept, const T* all, T* dx, T* dhidden, u32 steps, u32 states,
    u32 reset_after, u32 last_only) {
    extern __shared__ __align__(16) unsigned char room[];
    T* state = (T*)room;
    T* other = state + states;
    T* gates = other + states;
    u32 width = 3 * states;
    for (u32 i = threadIdx.x; i < states; i += blockDim.x) state[i] = (T)0;
    for (u32 step = steps; step-- > 0;) {
        u64 at = (u64)blockIdx.x * steps + step;
        const T *k = kept + at * 4 * states, *before = all + ((u64)blockIdx.x * (steps + 1) + step) * states;
        const T* given = last_only ? dy + (u64)blockIdx.x * states : dy + at * states;
        bool some = !last_only || step + 1 == steps;
        for (u32 i = threadIdx.x; i < states; i += blockDim.x) {
            T from = state[i] + (some ? given[i] : (T)0), r = k[i], z = k[states + i], n = k[2 * states + i];
            T dn = from * ((T)1 - z) * ((T)1 - n * n);
            T dz = from * (before[i] - n) * z * ((T)1 - z);
            state[i] = from * z;
            gates[states + i] = dz;
            dx[at * width + 2 * states + i] = dn;
            dx[at * width + states + i] = dz;
            if (reset_after) {
                gates[i] = dn * k[3 * states + i] * r * ((T)1 - r);
                gates[2 * states + i] = dn * r;
            } else {
                gates[2 * states + i] = dn;
            }
        }
        __syncthreads();
        if (!reset_after) {
            for (u32 i = threadIdx.x; i < states; i += blockDim.x) {
                T sum = (T)0;
                for (u32 g = 2 * states; g < width; g++) sum += weight[g * states + i] * gates[g];
                gates[i] = sum * before[i] * k[i] * ((T)1 - k[i]);
                other[i] = sum * k[i];
            }
            __syncthreads();
        }
        u32 direct = reset_after ? width : 2 * states;
        for (u32 i = threadIdx.x; i < states; i += blockDim.x) {
            T sum = state[i] + (reset_after ? (T)0 : other[i]);
            for (u32 g = 0; g < direct; g++) sum += weight[g * states + i] * gates[g];
            state[i] = sum;
            dx[at * width + i] = gates[i];
        }
        for (u32 g = threadIdx.x; g < width; g += blockDim.x) dhidden[at * width + g] = gates[g];
        __syncthreads();
    }
}
