/* export.h - linkage of public symbols.  Everything else is hidden. */
#ifndef BOC_EXPORT_H
#define BOC_EXPORT_H

#if defined(_WIN32)
#if defined(BOC_BUILD_SHARED)
#define BOC_API __declspec(dllexport)
#elif defined(BOC_USE_SHARED)
#define BOC_API __declspec(dllimport)
#else
#define BOC_API
#endif
#elif defined(__GNUC__)
#define BOC_API __attribute__((visibility("default")))
#else
#define BOC_API
#endif

#endif
