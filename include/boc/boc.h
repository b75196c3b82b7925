/* boc.h - behavior-oriented concurrency for C.  Includes the whole API. */
#ifndef BOC_BOC_H
#define BOC_BOC_H

#include <boc/batch.h>
#include <boc/behavior.h>
#include <boc/blocking.h>
#include <boc/cown.h>
#include <boc/handle.h>
#include <boc/host.h>
#include <boc/limits.h>
#include <boc/message.h>
#include <boc/noticeboard.h>
#include <boc/payload.h>
#include <boc/promise.h>
#include <boc/runtime.h>
#include <boc/seeds.h>
#include <boc/source.h>
#include <boc/stats.h>
#include <boc/status.h>
#include <boc/version.h>
#include <boc/weak.h>

#endif
