/* A DRMAA 1.0 library for tests: a small DRM of this machine that really runs jobs, and does whatever harm it is told.

   Everything is below $DRMAA_HOSTILE_DIR, so that it survives the process that has it loaded:
     orders          what to do wrong, one a line: FUNCTION WHEN ACTION [ARGUMENT]
     calls           each call: process id, function, its job id or job name
     contacts        each contact string given to drmaa_init ("-" for none)
     attribute_names the attributes that it says it has, if not all
     drm, implementation   what it calls itself, if not hostile
     jobs/ID/        template (name NUL value NUL ...), pid, status (waitpid's), waited
   FUNCTION is without drmaa_, or *. WHEN: a number (the how-manieth call of it in this process), * (always), once (the
   first ever), @TEXT (the job's id or name, or the session's contact, has TEXT in it).
   ACTION: segfault abort hang stop, exit N, sleep S, error N TEXT, garbage, leak MIB, print TEXT, shout N (lines),
   lose (the session), forget (every job is unknown), nonsense (to all sockets), shut (all descriptors), read FILE (the outcome goes to the file "read"). */

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OK = 0, INTERNAL = 1, NO_SESSION = 5, BAD_CONTACT = 7, ALREADY = 11, BAD_VALUE = 14, DENIED = 17, INVALID_JOB = 18,
       TIMEOUT = 23, NO_RUSAGE = 24, NO_MORE = 25 };
enum { QUEUED = 0x10, HELD = 0x12, RUNNING = 0x20, DONE = 0x30, FAILED = 0x40 };
#define MOST 64
typedef struct { char *name, *value; } pair_t;
typedef struct drmaa_job_template_s { pair_t *pairs; size_t count; } drmaa_job_template_t;
typedef struct { char *elements[MOST]; size_t count, next; } list_t;

static const char *SCALARS[] = { "drmaa_remote_command", "drmaa_js_state", "drmaa_wd", "drmaa_job_category",
    "drmaa_native_specification", "drmaa_block_email", "drmaa_start_time", "drmaa_job_name", "drmaa_input_path",
    "drmaa_output_path", "drmaa_error_path", "drmaa_join_files", "drmaa_transfer_files", "drmaa_deadline_time",
    "drmaa_wct_hlimit", "drmaa_wct_slimit", "drmaa_duration_hlimit", "drmaa_duration_slimit", NULL };
static const char *VECTORS[] = { "drmaa_v_argv", "drmaa_v_env", "drmaa_v_email", NULL };

static int session, forgets, garbles;
static char contact[256];

static char *path(const char *form, ...) {
    static char paths[8][4096];
    static int turn;
    char *at = paths[turn++ % 8];
    const char *home = getenv("DRMAA_HOSTILE_DIR");
    int length = snprintf(at, 4096, "%s/", home ? home : "/tmp/drmaa-hostile");
    va_list rest;
    va_start(rest, form);
    vsnprintf(at + length, 4096 - length, form, rest);
    va_end(rest);
    return at;
}

static void append(const char *file, const char *form, ...) {
    char line[4096];
    va_list rest;
    va_start(rest, form);
    int length = vsnprintf(line, sizeof line, form, rest);
    va_end(rest);
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) { if (write(fd, line, length < 4095 ? length : 4095) < 0) {} close(fd); }
}

static int read_file(const char *file, char *into, size_t size) {
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t got = read(fd, into, size - 1);
    close(fd);
    into[got < 0 ? 0 : got] = 0;
    return got;
}

static void write_file(const char *file, const char *form, ...) { /* whole or not at all */
    char line[256], draft[4200];
    va_list rest;
    va_start(rest, form);
    int length = vsnprintf(line, sizeof line, form, rest);
    va_end(rest);
    snprintf(draft, sizeof draft, "%s.%d", file, getpid());
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, length) != length) abort();
    close(fd);
    rename(draft, file);
}

static void fill(char *into, size_t size) { /* no character set, no end */
    for (size_t i = 0; i < size; i++) into[i] = (char)(i % 7 == 0 ? 0x1b : 0x80 + i % 0x7f);
}

static int say(char *error, size_t size, int code, const char *text) {
    if (error && size) { if (garbles) fill(error, size); else snprintf(error, size, "%s", text); }
    return code;
}

static void *leaked;
static int act(const char *action, const char *argument, char *error, size_t size) {
    int number = atoi(argument);
    if (!strcmp(action, "segfault")) { signal(SIGSEGV, SIG_DFL); *(volatile int *)8 = 1; }
    else if (!strcmp(action, "abort")) abort();
    else if (!strcmp(action, "hang")) for (;;) pause();
    else if (!strcmp(action, "stop")) raise(SIGSTOP);
    else if (!strcmp(action, "exit")) exit(number);
    else if (!strcmp(action, "sleep")) usleep((useconds_t)(atof(argument) * 1e6));
    else if (!strcmp(action, "garbage")) garbles = 1;
    else if (!strcmp(action, "forget")) forgets = 1;
    else if (!strcmp(action, "lose")) session = 0;
    else if (!strcmp(action, "shut")) for (int fd = 3; fd < 64; fd++) close(fd);
    else if (!strcmp(action, "leak")) { leaked = malloc((size_t)number << 20); memset(leaked, 1, (size_t)number << 20); }
    else if (!strcmp(action, "print")) { printf("%s\n", argument); fflush(stdout); fprintf(stderr, "\033[31m%s\n", argument); }
    else if (!strcmp(action, "shout")) { while (number--) printf("line %d\n", number); fflush(stdout); }
    else if (!strcmp(action, "nonsense")) {
        for (int fd = 3; fd < 64; fd++) if (send(fd, "\377\377\377\377nonsense", 12, MSG_NOSIGNAL) < 0) continue;
    } else if (!strcmp(action, "read")) {
        int fd = open(argument, O_RDONLY);
        append(path("read"), "%s: %s\n", argument, fd < 0 ? strerror(errno) : "can be read");
        if (fd >= 0) close(fd);
    } else if (!strcmp(action, "error")) {
        const char *text = strchr(argument, ' ');
        return say(error, size, number, text ? text + 1 : "as ordered");
    }
    return OK;
}

static struct { const char *name; int times; } counted[64];
static int count(const char *function) {
    for (int i = 0; i < 64; i++) {
        if (!counted[i].name) counted[i].name = function;
        if (!strcmp(counted[i].name, function)) return ++counted[i].times;
    }
    return 0;
}

/* Every function begins here; what is not 0 is its result. */
static int begin(const char *function, const char *about, char *error, size_t size) {
    char orders[8192], *line, *rest = orders;
    int turn = count(function), result = OK, number = 0;
    garbles = forgets = 0;
    append(path("calls"), "%d %s %s\n", getpid(), function, about ? about : "");
    if (read_file(path("orders"), orders, sizeof orders) < 0) return OK;
    while ((line = strsep(&rest, "\n")) && result == OK) {
        char which[64], when[256], action[32];
        int used = 0;
        number++;
        if (sscanf(line, "%63s %255s %31s %n", which, when, action, &used) < 3) continue;
        if (strcmp(which, "*") && strcmp(which, function)) continue;
        if (when[0] == '@') { if (!about || !strstr(about, when + 1)) continue; }
        else if (!strcmp(when, "once")) {
            int fd = open(path("once.%d", number), O_CREAT | O_EXCL | O_WRONLY, 0600);
            if (fd < 0) continue;
            close(fd);
        } else if (strcmp(when, "*") && atoi(when) != turn) continue;
        result = act(action, line + used, error, size);
    }
    return result;
}

#define BEGIN(function, about) do { int code_ = begin(function, about, error, error_len); if (code_) return code_; } while (0)
#define IN_SESSION do { if (!session) return say(error, error_len, NO_SESSION, "no session is open"); } while (0)

static void give(char *into, size_t size, const char *file, const char *usual) {
    if (garbles) { fill(into, size); return; }
    char text[1024];
    int got = file ? read_file(path("%s", file), text, sizeof text) : -1;
    snprintf(into, size, "%s", got < 0 ? usual : text);
}

int drmaa_init(const char *given, char *error, size_t error_len) {
    mkdir(path("jobs"), 0700);
    append(path("contacts"), "%s\n", given && *given ? given : "-");
    BEGIN("init", given);
    if (session) return say(error, error_len, ALREADY, "a session is open");
    if (given && *given && strncmp(given, "hostile:", 8))
        return say(error, error_len, BAD_CONTACT, "this session is not known");
    if (given && *given) snprintf(contact, sizeof contact, "%s", given);
    else snprintf(contact, sizeof contact, "hostile:%d", getpid());
    session = 1;
    return OK;
}

int drmaa_exit(char *error, size_t error_len) {
    BEGIN("exit", NULL);
    IN_SESSION;
    session = 0;
    return OK;
}

int drmaa_get_contact(char *into, size_t size, char *error, size_t error_len) {
    BEGIN("get_contact", NULL);
    give(into, size, NULL, contact);
    return OK;
}
int drmaa_get_DRM_system(char *into, size_t size, char *error, size_t error_len) {
    BEGIN("get_DRM_system", NULL);
    give(into, size, "drm", "Hostile 1.0");
    return OK;
}
int drmaa_get_DRMAA_implementation(char *into, size_t size, char *error, size_t error_len) {
    BEGIN("get_DRMAA_implementation", NULL);
    give(into, size, "implementation", "a library for tests");
    return OK;
}
int drmaa_version(unsigned *major, unsigned *minor, char *error, size_t error_len) {
    BEGIN("version", NULL);
    *major = 1, *minor = 0;
    return OK;
}
const char *drmaa_strerror(int code) { static char text[32]; snprintf(text, sizeof text, "error %d", code); return text; }

/* Templates */

int drmaa_allocate_job_template(drmaa_job_template_t **job, char *error, size_t error_len) {
    BEGIN("allocate_job_template", NULL);
    IN_SESSION;
    *job = calloc(1, sizeof **job);
    return OK;
}
static void take_out(drmaa_job_template_t *job, const char *name) {
    size_t kept = 0;
    for (size_t i = 0; i < job->count; i++)
        if (strcmp(job->pairs[i].name, name)) job->pairs[kept++] = job->pairs[i];
        else { free(job->pairs[i].name); free(job->pairs[i].value); }
    job->count = kept;
}
static void put(drmaa_job_template_t *job, const char *name, const char *value) {
    job->pairs = realloc(job->pairs, (job->count + 1) * sizeof *job->pairs);
    job->pairs[job->count].name = strdup(name);
    job->pairs[job->count++].value = strdup(value);
}
int drmaa_delete_job_template(drmaa_job_template_t *job, char *error, size_t error_len) {
    while (job->count) take_out(job, job->pairs[0].name);
    free(job->pairs);
    free(job);
    BEGIN("delete_job_template", NULL);
    return OK;
}
static int among(const char **names, const char *name) {
    while (*names && strcmp(*names, name)) names++;
    return *names != NULL;
}
int drmaa_set_attribute(drmaa_job_template_t *job, const char *name, const char *value, char *error, size_t error_len) {
    BEGIN("set_attribute", name);
    if (!among(SCALARS, name)) return say(error, error_len, 4, "no such attribute");
    take_out(job, name);
    put(job, name, value);
    return OK;
}
int drmaa_set_vector_attribute(drmaa_job_template_t *job, const char *name, const char *values[], char *error,
                               size_t error_len) {
    BEGIN("set_vector_attribute", name);
    if (!among(VECTORS, name)) return say(error, error_len, 4, "no such attribute");
    take_out(job, name);
    while (*values) put(job, name, *values++);
    return OK;
}
static const char *value_of(drmaa_job_template_t *job, const char *name, const char *otherwise) {
    for (size_t i = 0; i < job->count; i++) if (!strcmp(job->pairs[i].name, name)) return job->pairs[i].value;
    return otherwise;
}
static char **vector_of(drmaa_job_template_t *job, const char *name, const char *first, char **more) {
    size_t count = 0;
    char **all = calloc(job->count + 8, sizeof *all);
    if (first) all[count++] = (char *)first;
    while (more && *more) all[count++] = *more++;
    for (size_t i = 0; i < job->count; i++) if (!strcmp(job->pairs[i].name, name)) all[count++] = job->pairs[i].value;
    return all;
}
int drmaa_get_attribute(drmaa_job_template_t *job, const char *name, char *into, size_t size, char *error, size_t error_len) {
    BEGIN("get_attribute", name);
    snprintf(into, size, "%s", value_of(job, name, ""));
    return OK;
}

int drmaa_get_vector_attribute(drmaa_job_template_t *job, const char *name, list_t **list, char *error, size_t error_len) {
    BEGIN("get_vector_attribute", name);
    *list = calloc(1, sizeof **list);
    for (size_t i = 0; i < job->count && (*list)->count < MOST; i++)
        if (!strcmp(job->pairs[i].name, name)) (*list)->elements[(*list)->count++] = strdup(job->pairs[i].value);
    return OK;
}

/* Lists */

static int names(const char *function, const char **all, list_t **list, char *error, size_t error_len) {
    BEGIN(function, NULL);
    char only[4096];
    int limited = read_file(path("attribute_names"), only, sizeof only) >= 0;
    *list = calloc(1, sizeof **list);
    for (; *all; all++)
        if (!limited || strstr(only, *all)) (*list)->elements[(*list)->count++] = strdup(*all);
    return OK;
}
int drmaa_get_attribute_names(list_t **list, char *error, size_t error_len) {
    return names("get_attribute_names", SCALARS, list, error, error_len);
}
int drmaa_get_vector_attribute_names(list_t **list, char *error, size_t error_len) {
    return names("get_vector_attribute_names", VECTORS, list, error, error_len);
}
static int next(list_t *list, char *into, size_t size) {
    if (!list || list->next >= list->count) return NO_MORE;
    snprintf(into, size, "%s", list->elements[list->next++]);
    return OK;
}
static void release(list_t *list) {
    if (!list) return;
    while (list->count) free(list->elements[--list->count]);
    free(list);
}
int drmaa_get_next_attr_name(list_t *list, char *into, size_t size) { return next(list, into, size); }
int drmaa_get_next_attr_value(list_t *list, char *into, size_t size) { return next(list, into, size); }
int drmaa_get_next_job_id(list_t *list, char *into, size_t size) { return next(list, into, size); }
static int size_of(list_t *list, size_t *size) { *size = list ? list->count : 0; return OK; }
int drmaa_get_num_attr_names(list_t *list, size_t *size) { return size_of(list, size); }
int drmaa_get_num_attr_values(list_t *list, size_t *size) { return size_of(list, size); }
int drmaa_get_num_job_ids(list_t *list, size_t *size) { return size_of(list, size); }
void drmaa_release_attr_names(list_t *list) { release(list); }
void drmaa_release_attr_values(list_t *list) { release(list); }
void drmaa_release_job_ids(list_t *list) { release(list); }

/* Jobs */

static int new_id(void) {
    char text[32] = "";
    int lock = open(path("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600), id;
    flock(lock, LOCK_EX);
    read_file(path("last"), text, sizeof text);
    id = atoi(text) + 1;
    write_file(path("last"), "%d", id);
    close(lock);
    return id;
}

static const char *place(const char *value) { /* [host]:path */
    const char *colon = strchr(value, ':');
    return colon ? colon + 1 : value;
}

static void run(drmaa_job_template_t *job, int id) { /* in the process of the job */
    char number[64], home[300], user[100], *always[5] = { number, home, user, "PATH=/usr/local/bin:/usr/bin:/bin", NULL };
    const char *in = place(value_of(job, "drmaa_input_path", ":/dev/null"));
    const char *out = place(value_of(job, "drmaa_output_path", ":/dev/null"));
    const char *err = place(value_of(job, "drmaa_error_path", ":/dev/null"));
    int joined = *value_of(job, "drmaa_join_files", "n") == 'y', fd;
    snprintf(number, sizeof number, "JOB_ID=%d", id);
    snprintf(home, sizeof home, "HOME=%s", getenv("HOME") ? getenv("HOME") : "/");
    snprintf(user, sizeof user, "USER=%s", getenv("USER") ? getenv("USER") : "nobody");
    setsid();
    if (chdir(value_of(job, "drmaa_wd", "/"))) _exit(126);
    if ((fd = open(in, O_RDONLY)) < 0 || dup2(fd, 0) < 0) _exit(126);
    if ((fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0666)) < 0 || dup2(fd, 1) < 0) _exit(126);
    if (joined) dup2(1, 2);
    else if ((fd = open(err, O_WRONLY | O_CREAT | O_APPEND, 0666)) < 0 || dup2(fd, 2) < 0) _exit(126);
    for (fd = 3; fd < 1024; fd++) close(fd);
    for (int each = 1; each < 32; each++) signal(each, SIG_DFL);
    const char *command = value_of(job, "drmaa_remote_command", "/bin/false");
    execvpe(command, vector_of(job, "drmaa_v_argv", command, NULL), vector_of(job, "drmaa_v_env", NULL, always));
    _exit(127);
}

static void look_after(drmaa_job_template_t *job, int id) { /* its own session; outlives the library's process */
    int status;
    struct rusage usage;
    setsid();
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    for (int fd = 3; fd < 1024; fd++) close(fd);
    pid_t pid = fork();
    if (pid == 0) run(job, id);
    write_file(path("jobs/%d/pid", id), "%d", pid);
    if (wait4(pid, &status, 0, &usage) == pid)
        write_file(path("jobs/%d/status", id), "%d %ld.%02ld", status, (long)usage.ru_utime.tv_sec,
                   (long)usage.ru_utime.tv_usec / 10000);
    _exit(0);
}

static void dump(drmaa_job_template_t *job, int id) {
    int fd = open(path("jobs/%d/template", id), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (size_t i = 0; i < job->count; i++) {
        if (write(fd, job->pairs[i].name, strlen(job->pairs[i].name) + 1) < 0) abort();
        if (write(fd, job->pairs[i].value, strlen(job->pairs[i].value) + 1) < 0) abort();
    }
    close(fd);
}

int drmaa_run_job(char *job_id, size_t size, drmaa_job_template_t *job, char *error, size_t error_len) {
    BEGIN("run_job", value_of(job, "drmaa_job_name", ""));
    IN_SESSION;
    if (strstr(value_of(job, "drmaa_native_specification", ""), "--denied"))
        return say(error, error_len, DENIED, "denied: unknown resource \"denied\"");
    int id = new_id();
    mkdir(path("jobs/%d", id), 0700);
    dump(job, id);
    if (!strcmp(value_of(job, "drmaa_js_state", ""), "drmaa_hold")) write_file(path("jobs/%d/held", id), "held");
    else {
        pid_t pid = fork();
        if (pid == 0) {
            if (fork() == 0) look_after(job, id);
            _exit(0);
        }
        if (pid < 0) return say(error, error_len, INTERNAL, "fork");
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    if (garbles) fill(job_id, size);
    else snprintf(job_id, size, "%d", id);
    return begin("run_job_done", value_of(job, "drmaa_job_name", ""), error, error_len);
}

static int known(const char *id) {
    char text[16];
    for (const char *at = id; *at; at++) if (!isdigit((unsigned char)*at)) return 0;
    return !forgets && access(path("jobs/%s/template", id), F_OK) == 0 &&
           read_file(path("jobs/%s/waited", id), text, sizeof text) < 0;
}

static int ended(const char *id, int *status, char *used, size_t size) {
    char text[64], cpu[32] = "0";
    if (read_file(path("jobs/%s/status", id), text, sizeof text) < 0) return 0;
    sscanf(text, "%d %31s", status, cpu);
    if (used) snprintf(used, size, "cpu=%s", cpu);
    return 1;
}

int drmaa_job_ps(const char *id, int *state, char *error, size_t error_len) {
    int status;
    BEGIN("job_ps", id);
    IN_SESSION;
    if (!known(id)) return say(error, error_len, INVALID_JOB, "the job is not known");
    if (ended(id, &status, NULL, 0)) *state = WIFSIGNALED(status) ? FAILED : DONE;
    else if (access(path("jobs/%s/held", id), F_OK) == 0) *state = HELD;
    else *state = access(path("jobs/%s/pid", id), F_OK) == 0 ? RUNNING : QUEUED;
    if (garbles) *state = 0x7777;
    return OK;
}

int drmaa_wait(const char *id, char *out, size_t size, int *status, long timeout, list_t **usage, char *error,
               size_t error_len) {
    char used[64];
    BEGIN("wait", id);
    IN_SESSION;
    if (!known(id)) return say(error, error_len, INVALID_JOB, "the job is not known");
    while (!ended(id, status, used, sizeof used)) {
        if (timeout == 0) return say(error, error_len, TIMEOUT, "the job has not ended");
        usleep(20000);
    }
    write_file(path("jobs/%s/waited", id), "waited");
    if (access(path("jobs/%s/held", id), F_OK) == 0) return say(error, error_len, NO_RUSAGE, "it never ran");
    snprintf(out, size, "%s", id);
    if (usage) {
        *usage = calloc(1, sizeof **usage);
        if (garbles) { fill(used, sizeof used - 1); used[sizeof used - 1] = 0; }
        (*usage)->elements[(*usage)->count++] = strdup(used);
        (*usage)->elements[(*usage)->count++] = strdup("exit_status=x");
    }
    int code = begin("wait_done", id, error, error_len);
    return code;
}

/* Abell asks for neither; drmaa-python cannot be imported without them. */
int drmaa_run_bulk_jobs(list_t **ids, drmaa_job_template_t *job, int first, int last, int step, char *error,
                        size_t error_len) {
    char id[32];
    BEGIN("run_bulk_jobs", value_of(job, "drmaa_job_name", ""));
    *ids = calloc(1, sizeof **ids);
    for (int number = first; number <= last && (*ids)->count < MOST; number += step) {
        int code = drmaa_run_job(id, sizeof id, job, error, error_len);
        if (code) return code;
        (*ids)->elements[(*ids)->count++] = strdup(id);
    }
    return OK;
}
int drmaa_synchronize(const char *ids[], long timeout, int dispose, char *error, size_t error_len) {
    BEGIN("synchronize", NULL);
    for (; *ids; ids++) {
        char out[64];
        int status, code;
        if (!strncmp(*ids, "DRMAA_", 6)) return say(error, error_len, INTERNAL, "only for jobs by their ids");
        if (dispose) code = drmaa_wait(*ids, out, sizeof out, &status, timeout, NULL, error, error_len);
        else for (code = OK; known(*ids) && !ended(*ids, &status, NULL, 0);) usleep(20000);
        if (code) return code;
    }
    return OK;
}

int drmaa_control(const char *id, int action, char *error, size_t error_len) {
    char text[32];
    int status;
    BEGIN("control", id);
    IN_SESSION;
    if (!known(id)) return say(error, error_len, INVALID_JOB, "the job is not known");
    if (action != 4) return say(error, error_len, INTERNAL, "it can only terminate");
    if (ended(id, &status, NULL, 0)) return OK;
    if (access(path("jobs/%s/held", id), F_OK) == 0) write_file(path("jobs/%s/status", id), "%d 0", SIGKILL);
    else if (read_file(path("jobs/%s/pid", id), text, sizeof text) > 0) kill(-atoi(text), SIGKILL);
    else return say(error, error_len, 16, "it is just starting");
    return OK;
}

static int tell(const char *function, int *into, int value, char *error, size_t error_len) {
    BEGIN(function, NULL);
    *into = value;
    return OK;
}
int drmaa_wifexited(int *into, int status, char *error, size_t error_len) {
    return tell("wifexited", into, WIFEXITED(status), error, error_len);
}
int drmaa_wexitstatus(int *into, int status, char *error, size_t error_len) {
    return tell("wexitstatus", into, WEXITSTATUS(status), error, error_len);
}
int drmaa_wifsignaled(int *into, int status, char *error, size_t error_len) {
    return tell("wifsignaled", into, WIFSIGNALED(status), error, error_len);
}
int drmaa_wcoredump(int *into, int status, char *error, size_t error_len) {
    return tell("wcoredump", into, WCOREDUMP(status) != 0, error, error_len);
}
int drmaa_wifaborted(int *into, int status, char *error, size_t error_len) {
    (void)status;
    return tell("wifaborted", into, 0, error, error_len);
}
int drmaa_wtermsig(char *into, size_t size, int status, char *error, size_t error_len) {
    BEGIN("wtermsig", NULL);
    if (garbles) fill(into, size);
    else snprintf(into, size, "SIG%s", sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    return OK;
}
