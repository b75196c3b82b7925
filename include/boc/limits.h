/* limits.h - every fixed limit of the runtime, in one place. */
#ifndef BOC_LIMITS_H
#define BOC_LIMITS_H

/* Workers of the runtime. */
#define BOC_WORKERS_MAX 1024

/* Requests of one behavior, its result included. */
#define BOC_REQUESTS_MAX 32767

/* Bytes that the host may keep in one behavior. */
#define BOC_BEHAVIOR_DATA_BYTES_MAX (1u << 20)

/* Messages that wait under one tag: what a queue holds unless told otherwise, and the
 * most that it can be told. */
#define BOC_QUEUE_CAPACITY_DEFAULT 16384
#define BOC_QUEUE_CAPACITY_MAX (1u << 30)

/* Keys of the noticeboard, and bytes of each. */
#define BOC_NOTICE_KEYS_MAX 64
#define BOC_NOTICE_KEY_BYTES_MAX 63

#endif
