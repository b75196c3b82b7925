#include "sample.h"

#include "kit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_all(int file, const void *data, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t written = write(file, (const char *)data + done, bytes - done);
        REQUIRE(written > 0 || (written < 0 && errno == EINTR));
        done += written > 0 ? (size_t)written : 0;
    }
}

static void read_all(int file, void *data, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t got = read(file, (char *)data + done, bytes - done);
        REQUIRE(got > 0 || (got < 0 && errno == EINTR)); /* else the child died */
        done += got > 0 ? (size_t)got : 0;
    }
}

void sample_in_child(measure_fn measure, const void *context, double *out, size_t count) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        close(ends[0]);
        measure(context, out, count);
        write_all(ends[1], out, count * sizeof *out);
        _exit(0);
    }
    close(ends[1]);
    read_all(ends[0], out, count * sizeof *out);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        REQUIRE(errno == EINTR);
    REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void samples_add(samples_t *samples, double value) {
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity > 0 ? 2 * samples->capacity : 32;
        double *values = realloc(samples->values, samples->capacity * sizeof *values);
        REQUIRE(values != NULL);
        samples->values = values;
    }
    samples->values[samples->count++] = value;
}

void samples_free(samples_t *samples) {
    free(samples->values);
    *samples = (samples_t){NULL, 0, 0};
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_quantile(samples_t *samples, double fraction) {
    REQUIRE(samples->count > 0);
    qsort(samples->values, samples->count, sizeof(double), compare);
    double position = fraction * (double)(samples->count - 1);
    size_t below = (size_t)position;
    size_t above = below + 1 < samples->count ? below + 1 : below;
    double part = position - (double)below;
    return samples->values[below] * (1 - part) + samples->values[above] * part;
}

double samples_min(samples_t *samples) { return samples_quantile(samples, 0); }
double samples_median(samples_t *samples) { return samples_quantile(samples, 0.5); }
