/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/checks.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"

#define SENDER_USER "corral-sender"

static bool wrong(const char *where, const char *what, const char *remedy)
{
    fprintf(stderr, "corralctl: %s: %s: %s\n", where, what, remedy);
    return false;
}

/* --- The handler --- */

bool checks_find_handler(char ret[static PATH_MAX])
{
    static const char *const places[] = {"corral-handler", "../sbin/corral-handler"};
    char self[PATH_MAX], path[PATH_MAX + 64];
    char *slash;

    if (!realpath("/proc/self/exe", self) || !(slash = strrchr(self, '/')))
        return wrong("/proc/self/exe", strerror(errno), "is /proc mounted?");
    slash[1] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        snprintf(path, sizeof(path), "%s%s", self, places[i]);
        if (realpath(path, ret))
            return true;
    }
    return wrong(self, "corral-handler is not installed beside corralctl",
                 "run make install-client, or name it with --handler");
}

bool checks_handler(const char *path)
{
    char real[PATH_MAX];
    struct stat st;

    if (path[0] != '/' || strchr(path, ' '))
        return wrong(path, "not an absolute path without blanks",
                     "the kernel takes no other in core_pattern");
    if (!realpath(path, real) || stat(real, &st) < 0)
        return wrong(path, strerror(errno), "run make install-client, or name it with --handler");
    if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
        return wrong(path, "not an executable file", "run make install-client again");
    if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return wrong(real, "others than root can change it, and the kernel runs it as root",
                     "chown root and chmod 755 it");
    return true;
}

/* --- Who sends --- */

/* As that user, in a child: folders on the way count as well. */
static bool can_read(const char *path, uid_t uid, gid_t gid)
{
    const struct passwd *user = getpwuid(uid);
    pid_t child = fork();
    int how = 0;

    if (child == 0) {
        int r = user ? initgroups(user->pw_name, gid) : setgroups(0, NULL);

        if (r < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(EXIT_FAILURE);
        _exit(open(path, O_RDONLY | O_CLOEXEC) < 0);
    }
    return child > 0 && waitpid(child, &how, 0) == child && how == 0;
}

static bool check_token(const char *path, uid_t uid, gid_t gid)
{
    char remedy[256];
    const struct passwd *user = getpwuid(uid);

    if (cstr_empty(path)) {
        fprintf(stderr,
                "corralctl: no token_file is configured: the server will refuse what is sent, "
                "unless the unit has a credential named token\n");
        return true;
    }
    if (access(path, F_OK) < 0)
        return wrong(path, strerror(errno),
                     "put the token that corral-dashd --add-token ingest printed there");
    snprintf(remedy, sizeof(remedy), "chgrp %s and chmod 640 it", user ? user->pw_name : "it");
    return can_read(path, uid, gid) ||
           wrong(path, "the user of the sender cannot read the token", remedy);
}

/* Looked at, not made: who owns it is systemd-tmpfiles' business. */
static bool check_spool(const char *path, uid_t *ret_uid, gid_t *ret_gid)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return wrong(path, strerror(errno),
                     "run systemd-sysusers and systemd-tmpfiles --create corral-client.conf");
    if (!S_ISDIR(st.st_mode) || (st.st_mode & (S_IWGRP | S_IWOTH)))
        return wrong(path, "not a folder that its owner alone can write to", "chmod 700 it");
    *ret_uid = st.st_uid;
    *ret_gid = st.st_gid;
    return true;
}

bool checks_sender(const struct access *a)
{
    const struct passwd *user = getpwnam(SENDER_USER);
    uid_t uid = user ? user->pw_uid : 0;
    gid_t gid = user ? user->pw_gid : 0;
    bool good =
        strcmp(a->settings.spool, "none") == 0 || check_spool(a->settings.spool, &uid, &gid);

    return good && check_token(a->settings.token_file, uid, gid);
}

/* --- Sockets --- */

bool checks_kernel_has_sockets(void)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4096);
    struct str rest, mode;

    if (io_read_file(AT_FDCWD, "/proc/sys/kernel/core_modes", &b) < 0)
        return false;
    rest = (struct str){b.data, b.len};
    while (str_split(&rest, '\n', &mode))
        if (str_eq(str_trim(mode), STR("socket")))
            return true;
    return false;
}

bool checks_socket_answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}
