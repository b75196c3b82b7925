/* py_messages.h - send, receive, drain, set_tags and their relatives, as functions of the
 * module.
 *
 * The queues are the runtime's (boc/message.h); a message is an encoded value, so each
 * receiver decodes an object of its own.
 *
 * Threads   any thread of any interpreter; set_tags: of the main one.
 */
#ifndef BOC_PY_MESSAGES_H
#define BOC_PY_MESSAGES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyMethodDef py_message_functions[];

#endif
