#include <math.h>
#include <stdbool.h>

#include "map.h"

// The first of a channel's values in a row; the next is `block` further on.
static const float *channel_row(const overtile_map *map, const float *from, size_t channel, size_t row) {
    return from + pixel_offset(map, channel / map->block, row, 0) + channel % map->block;
}

// The sums of a block's channels, each over its pixels in their order.
static void sum_block(const overtile_map *src, const float *from, size_t block, double sums[OVERTILE_BLOCK]) {
    for (size_t lane = 0; lane < OVERTILE_BLOCK; lane++) sums[lane] = 0;
    for (size_t row = 0; row < src->height; row++) {
        const float *in = from + pixel_offset(src, block, row, 0);
        for (size_t column = 0; column < src->width; column++, in += OVERTILE_BLOCK) {
            for (size_t lane = 0; lane < OVERTILE_BLOCK; lane++) sums[lane] += in[lane];
        }
    }
}

// The sum of one channel over its pixels in their order.
static double sum_channel(const overtile_map *src, const float *from, size_t channel) {
    double sum = 0;
    for (size_t row = 0; row < src->height; row++) {
        const float *in = channel_row(src, from, channel, row);
        for (size_t column = 0; column < src->width; column++) sum += in[column * src->block];
    }
    return sum;
}

void overtile_global_mean(const overtile_map *src, const overtile_map *dst, const float *from, float *to) {
    double count = (double)src->height * (double)src->width;
    double sums[OVERTILE_BLOCK];
    for (size_t channel = 0; channel < src->blocks * src->block; channel++) {
        size_t lane = channel % src->block;
        if (src->block != OVERTILE_BLOCK) {
            sums[0] = sum_channel(src, from, channel);
        } else if (lane == 0) {
            sum_block(src, from, channel / src->block, sums);
        }
        double sum = src->block == OVERTILE_BLOCK ? sums[lane] : sums[0];
        to[pixel_offset(dst, channel / dst->block, 0, 0) + channel % dst->block] = (float)(sum / count);
    }
}

void overtile_channel_mean(
    const size_t *channels, size_t count, const overtile_map *src, const overtile_map *dst, const float *from,
    float *to) {
    for (size_t row = 0; row < dst->height; row++) {
        for (size_t column = 0; column < dst->width; column++) {
            float sum = 0;
            for (size_t i = 0; i < count; i++) sum += channel_row(src, from, channels[i], row)[column * src->block];
            float *out = to + pixel_offset(dst, 0, row, column);
            out[0] = sum / (float)count;
            for (size_t c = 1; c < dst->block; c++) out[c] = 0;
        }
    }
}

void overtile_softmax(
    const size_t *channels, size_t count, const overtile_map *src, const overtile_map *dst, const float *from,
    float *to) {
    for (size_t row = 0; row < dst->height; row++) {
        for (size_t column = 0; column < dst->width; column++) {
            float largest = -INFINITY, sum = 0;
            for (size_t i = 0; i < count; i++) {
                float x = channel_row(src, from, channels[i], row)[column * src->block];
                largest = x > largest ? x : largest;
            }
            for (size_t i = 0; i < count; i++)
                sum += expf(channel_row(src, from, channels[i], row)[column * src->block] - largest);
            // The padding of a concatenation's parts may lie between channels, which come in ascending order.
            size_t next = 0;
            for (size_t channel = 0; channel < dst->blocks * dst->block; channel++) {
                bool is_meant = next < count && channels[next] == channel;
                float x = is_meant ? channel_row(src, from, channel, row)[column * src->block] : 0;
                size_t place = pixel_offset(dst, channel / dst->block, row, column) + channel % dst->block;
                to[place] = is_meant ? expf(x - largest) / sum : 0;
                next += is_meant;
            }
        }
    }
}

void overtile_channel_slice(
    const size_t *channels, size_t count, const overtile_map *src, const overtile_map *dst, const float *from,
    float *to) {
    for (size_t channel = 0; channel < dst->blocks * dst->block; channel++) {
        for (size_t row = 0; row < dst->height; row++) {
            const float *in = channel < count ? channel_row(src, from, channels[channel], row) : NULL;
            float *out = to + pixel_offset(dst, channel / dst->block, row, 0) + channel % dst->block;
            for (size_t column = 0; column < dst->width; column++)
                out[column * dst->block] = in ? in[column * src->block] : 0;
        }
    }
}

void overtile_group_normalization(
    const size_t *channels, size_t count, float epsilon, const float *scale, const float *shift,
    const overtile_map *src, const overtile_map *dst, const float *from, float *to) {
    double sum = 0, squares = 0, values = (double)count * (double)src->height * (double)src->width;
    for (size_t i = 0; i < count; i++) {
        for (size_t row = 0; row < src->height; row++) {
            const float *in = channel_row(src, from, channels[i], row);
            for (size_t column = 0; column < src->width; column++) sum += in[column * src->block];
        }
    }
    double mean = sum / values;
    for (size_t i = 0; i < count; i++) {
        for (size_t row = 0; row < src->height; row++) {
            const float *in = channel_row(src, from, channels[i], row);
            for (size_t column = 0; column < src->width; column++) {
                double difference = in[column * src->block] - mean;
                squares += difference * difference;
            }
        }
    }
    double factor = 1 / sqrt(squares / values + epsilon);
    for (size_t i = 0; i < count; i++) {
        float slope = (float)(factor * scale[channels[i]]);
        float offset = (float)(shift[channels[i]] - mean * factor * scale[channels[i]]);
        for (size_t row = 0; row < src->height; row++) {
            const float *in = channel_row(src, from, channels[i], row);
            float *out = to + pixel_offset(dst, channels[i] / dst->block, row, 0) + channels[i] % dst->block;
            for (size_t column = 0; column < src->width; column++)
                out[column * dst->block] = in[column * src->block] * slope + offset;
        }
    }
}
