// A step of an optimiser, one pass over a parameter, its moments and its gradient: the arithmetic of `optimisers::rules`.

// 0 in place of what is smaller than any number of full precision.
__device__ T normal(T v) { return v < SMALLEST && v > -SMALLEST ? (T)0 : v; }

enum Rule { ADAM, AMSGRAD, NADAM, UNADAPTED, ADAMAX, SGD, MOMENTUM, RMSPROP, ADADELTA, ADAGRAD };

// a to g are the rule's numbers, in its order; moments that it has not are never touched.
extern "C" __global__ void update(
    T* values, T* first, T* second, T* third, const T* gradient, u32 n, u32 rule, double scale_, double l2_, double decay_,
    double limit_, double a_, double b_, double c_, double d_, double e_, double f_) {
    T a = (T)a_, b = (T)b_, c = (T)c_, d = (T)d_, e = (T)e_, f = (T)f_;
    T scale = (T)scale_, by_weight = (T)(scale_ * l2_ + decay_), l2 = (T)l2_, decay = (T)decay_, limit = (T)limit_;
    EACH(i, n) {
        T p = values[i], g = gradient[i];
        if (limit_ > 0.0) {
            g += l2 * p;
            g = g > limit ? limit : g;
            g = g < -limit ? -limit : g;
            g += decay * p;
        } else {
            g = scale * g + by_weight * p;
        }
        switch (rule) {
        case ADAM:
        case AMSGRAD: {
            // 1 - keep1, keep2, eps, rate, root of the correction, shrink
            T m = normal(first[i] + a * (g - first[i])), v = normal(b * second[i] + (T)(1.0 - b_) * g * g);
            first[i] = m;
            second[i] = v;
            if (rule == AMSGRAD) third[i] = v = v > third[i] ? v : third[i];
            values[i] = f * p - d * (m / (sqrt(v) / e + c));
            break;
        }
        case NADAM: {
            // 1 - keep1, keep2, eps, rate, root of the correction, the gradient's rate
            T m = normal(first[i] + a * (g - first[i])), v = normal(b * second[i] + (T)(1.0 - b_) * g * g);
            first[i] = m;
            second[i] = v;
            values[i] = p - (f * g + d * m) / (sqrt(v) / e + c);
            break;
        }
        case UNADAPTED: {
            // 1 - keep1, keep2, rate
            T m = normal(first[i] + a * (g - first[i]));
            first[i] = m;
            second[i] = normal(b * second[i] + (T)(1.0 - b_) * g * g);
            values[i] = p - c * m;
            break;
        }
        case ADAMAX: {
            // 1 - keep1, keep2, eps, rate
            T m = normal(first[i] + a * (g - first[i])), size = c + (g < (T)0 ? -g : g), faded = b * second[i];
            first[i] = m;
            second[i] = faded > size ? faded : size;
            values[i] = p - d * (m / second[i]);
            break;
        }
        case SGD:
            values[i] = p - a * g;
            break;
        case MOMENTUM: {
            // lr, keep, take, the shares of gradient and buffer in the step
            T m = normal(b * first[i] + c * g);
            first[i] = m;
            values[i] = p - a * (d * g + e * m);
            break;
        }
        case RMSPROP: {
            // lr, keep, eps, momentum, centred
            T v = normal(b * first[i] + (T)(1.0 - b_) * g * g), root;
            first[i] = v;
            if (e_ > 0.0) {
                T mean = normal(second[i] + (T)(1.0 - b_) * (g - second[i])), variance = v - mean * mean;
                second[i] = mean;
                root = sqrt(variance < (T)0 ? (T)0 : variance);
            } else {
                root = sqrt(v);
            }
            if (d_ > 0.0) {
                T* buffer = e_ > 0.0 ? third : second;
                buffer[i] = normal(d * buffer[i] + g / (root + c));
                values[i] = p - a * buffer[i];
            } else {
                values[i] = p - a * (g / (root + c));
            }
            break;
        }
        case ADADELTA: {
            // lr, keep, eps
            T v = normal(b * first[i] + (T)(1.0 - b_) * g * g), delta = sqrt(second[i] + c) / sqrt(v + c) * g;
            first[i] = v;
            second[i] = normal(b * second[i] + (T)(1.0 - b_) * delta * delta);
            values[i] = p - a * delta;
            break;
        }
        case ADAGRAD: {
            // lr, eps
            T sum = first[i] + g * g;
            first[i] = sum;
            values[i] = p - a * (g / (sqrt(sum) + b));
            break;
        }
        }
    }
}

// Sums of squares of `gradient + l2 * parameter`, one for each block.
extern "C" __global__ void squares(const T* gradient, const T* values, double* sums, u32 n, u32 slot, double l2_) {
    T l2 = (T)l2_;
    double sum = 0.0;
    EACH(i, n) {
        double g = (double)(l2_ == 0.0 ? gradient[i] : gradient[i] + l2 * values[i]);
        sum += g * g;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[slot * gridDim.x + blockIdx.x] = sum;
}

// sum = share * gradient, added to what is there unless it is fresh.
extern "C" __global__ void gather(T* sum, const T* gradient, u32 n, double share, u32 fresh) {
    EACH(i, n) sum[i] = fresh ? (T)share * gradient[i] : sum[i] + (T)share * gradient[i];
}
