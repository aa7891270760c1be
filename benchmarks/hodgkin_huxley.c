/* The yardstick: a batch of squid membranes by exponential Euler, in plain C.
 *
 * gcc -Ofast -march=native hodgkin_huxley.c -lm; arguments: batch, steps, repeats.
 * The loop over the batch has no branch, so that gcc takes the vector exponentials of libmvec.
 * Every membrane has conductances of its own; the voltage of every step is stored.
 * Prints the shortest time per membrane and step in ns, and the mean voltage.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const float DT = 0.025f, CURRENT = 10.0f;
static const float E_NA = 50.0f, E_K = -77.0f, E_LEAK = -54.387f;

enum { V, M, H, N, G_NA, G_K, G_LEAK, ARRAYS };
static const float START[ARRAYS] = {-64.996f, 0.05293f, 0.59612f, 0.31768f, 120.0f, 36.0f, 0.3f};

static float *filled(size_t count, float value)
{
    float *array = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
    if (!array) exit(1);
    for (size_t i = 0; i < count; i++) array[i] = value;
    return array;
}

static inline float rising(float x) { return x / (1.0f - expf(-x)); }

static inline float relaxed(float gate, float opening, float closing)
{
    float total = opening + closing, target = opening / total;
    return target + (gate - target) * expf(-DT * total);
}

static void step(int batch, float *restrict *restrict a, float *restrict out)
{
    float *restrict v = a[V], *restrict m = a[M], *restrict h = a[H], *restrict n = a[N];
    const float *restrict g_na = a[G_NA], *restrict g_k = a[G_K], *restrict g_leak = a[G_LEAK];
#pragma GCC ivdep
    for (int i = 0; i < batch; i++) {
        float u = v[i], n2 = n[i] * n[i];
        float na = g_na[i] * m[i] * m[i] * m[i] * h[i], k = g_k[i] * n2 * n2, leak = g_leak[i];
        float total = na + k + leak;
        float target = (na * E_NA + k * E_K + leak * E_LEAK + CURRENT) / total;
        out[i] = u;
        v[i] = target + (u - target) * expf(-DT * total);
        m[i] = relaxed(m[i], rising((u + 40.0f) / 10.0f), 4.0f * expf(-(u + 65.0f) / 18.0f));
        h[i] = relaxed(h[i], 0.07f * expf(-(u + 65.0f) / 20.0f),
                       1.0f / (1.0f + expf(-(u + 35.0f) / 10.0f)));
        n[i] = relaxed(n[i], 0.1f * rising((u + 55.0f) / 10.0f),
                       0.125f * expf(-(u + 65.0f) / 80.0f));
    }
}

static double run(int batch, int steps, float **arrays, float *out)
{
    struct timespec from, to;
    for (int k = 0; k < ARRAYS; k++)
        for (int i = 0; i < batch; i++) arrays[k][i] = START[k];
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int t = 0; t < steps; t++) step(batch, arrays, out + (size_t)t * batch);
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
}

int main(int count, char **words)
{
    if (count != 4) return 2;
    int batch = atoi(words[1]), steps = atoi(words[2]), repeats = atoi(words[3]);
    size_t size = (size_t)batch * steps;
    float *out = filled(size, 0.0f), *arrays[ARRAYS];
    for (int k = 0; k < ARRAYS; k++) arrays[k] = filled(batch, START[k]);
    double best = INFINITY, mean = 0.0;
    for (int r = 0; r < repeats; r++) best = fmin(best, run(batch, steps, arrays, out));
    for (size_t i = 0; i < size; i++) mean += out[i] / (double)size;
    printf("%.4f %.4f\n", best / size, mean);
    return 0;
}
