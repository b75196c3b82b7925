/* wordcount.c - count the words of all files of a directory: wordcount DIRECTORY
 *
 * A behavior without cowns reads one file into lists of its own, one for each shard of all words,
 * and hands each list to a behavior that adds it to the shard, a cown.  Files are read at the
 * same time, and shards are added to at the same time. */
#define _POSIX_C_SOURCE 200809L

#include <boc/boc.h>

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 64, LETTERS_MAX = 63 };

typedef struct word {
    struct word *next;
    unsigned count;
    char text[LETTERS_MAX + 1];
} word_t;

static boc_cown_t *shards[SHARDS]; /* written before the first behavior only */

static void must(boc_status_t status) {
    if (status != BOC_OK) {
        fprintf(stderr, "wordcount: %s\n", boc_status_name(status));
        exit(EXIT_FAILURE);
    }
}

/* -- lists of words ---------------------------------------------------------------- */

static void list_free(void *list) {
    for (word_t *word = list, *next; word != NULL; word = next) {
        next = word->next;
        free(word);
    }
}

static void list_add(word_t **p_list, const char *text, unsigned count) {
    while (*p_list != NULL && strcmp((*p_list)->text, text) != 0)
        p_list = &(*p_list)->next;
    if (*p_list == NULL) {
        *p_list = calloc(1, sizeof **p_list);
        must(*p_list != NULL ? BOC_OK : BOC_ENOMEM);
        strcpy((*p_list)->text, text);
    }
    (*p_list)->count += count;
}

static unsigned shard_of(const char *text) {
    unsigned value = 5381;
    while (*text != '\0')
        value = value * 33 + (unsigned char)*text++;
    return value % SHARDS;
}

/* -- the behaviors ----------------------------------------------------------------- */

static void run_merge(boc_behavior_t *behavior, void *data) { /* writes a shard */
    boc_payload_t *shard = boc_cown_value(boc_behavior_cown(behavior, 0));
    word_t *list = shard->data;
    for (const word_t *word = *(word_t **)data; word != NULL; word = word->next)
        list_add(&list, word->text, word->count);
    shard->data = list;
}

static void free_part(boc_behavior_t *behavior, void *data) {
    (void)behavior;
    list_free(*(word_t **)data);
}

static const boc_behavior_ops_t merge_ops = {.run = run_merge, .deinit = free_part};

static void run_read(boc_behavior_t *behavior, void *data) { /* no cowns; data: the path */
    word_t *parts[SHARDS] = {NULL};
    char text[LETTERS_MAX + 1];
    size_t length = 0;
    FILE *file = fopen(data, "r");
    must(file != NULL ? BOC_OK : BOC_EINVALID);
    for (int c = 0; c != EOF;) {
        c = fgetc(file);
        if (isalpha(c) && length < LETTERS_MAX) {
            text[length++] = (char)tolower(c);
        } else if (length > 0) {
            text[length] = '\0';
            list_add(&parts[shard_of(text)], text, 1);
            length = 0;
        }
    }
    fclose(file);
    for (size_t i = 0; i < SHARDS; i++) {
        if (parts[i] == NULL)
            continue;
        must(boc_behavior_new(&merge_ops, 1, sizeof parts[i], 0, &behavior));
        boc_cown_ref(shards[i]);
        boc_behavior_request(behavior, 0, shards[i], BOC_WRITE);
        *(word_t **)boc_behavior_data(behavior) = parts[i];
        must(boc_behavior_schedule(behavior));
    }
}

static const boc_behavior_ops_t read_ops = {.run = run_read};

/* -- the program ------------------------------------------------------------------- */

static void schedule_files(const char *path) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        size_t size = strlen(path) + strlen(entry->d_name) + 2;
        boc_behavior_t *behavior;
        must(boc_behavior_new(&read_ops, 0, size, 0, &behavior));
        snprintf(boc_behavior_data(behavior), size, "%s/%s", path, entry->d_name);
        must(boc_behavior_schedule(behavior));
    }
    closedir(directory);
}

int main(int argc, char **argv) {
    static const boc_payload_ops_t list_ops = {.drop = list_free};
    unsigned total = 0, distinct = 0;
    word_t most = {.count = 0};
    must(boc_runtime_start(&(boc_runtime_options_t){.worker_count = 4}));
    for (size_t i = 0; i < SHARDS; i++)
        must(boc_cown_new((boc_payload_t){NULL, &list_ops}, &shards[i]));
    schedule_files(argc > 1 ? argv[1] : ".");
    must(boc_runtime_stop(BOC_STOP_DRAIN, BOC_NO_TIMEOUT));
    for (size_t i = 0; i < SHARDS; i++) {
        for (word_t *word = boc_cown_value(shards[i])->data; word != NULL; word = word->next) {
            total += word->count;
            distinct++;
            if (word->count > most.count)
                most = *word;
        }
        boc_cown_unref(shards[i]);
    }
    printf("%u words, %u different, '%s' %u times\n", total, distinct, most.text, most.count);
    must(boc_runtime_shutdown());
    return 0;
}
