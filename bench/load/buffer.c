/* Bytes that wait: the part of a frame that has come, and what a socket did not take yet. */
#include <stdlib.h>
#include <string.h>

#include "load.h"

void append(Buffer *buffer, const void *bytes, size_t length) {
    if (buffer->length + length > buffer->room) {
        buffer->room = (buffer->length + length) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->room);
        if (buffer->bytes == NULL) abort();
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

void keep_from(Buffer *buffer, size_t offset) {
    buffer->length -= offset;
    if (buffer->length == 0)
        release(buffer);
    else
        memmove(buffer->bytes, buffer->bytes + offset, buffer->length);
}

void release(Buffer *buffer) {
    free(buffer->bytes);
    *buffer = (Buffer){0};
}
