// SPDX-License-Identifier: GPL-3.0-or-later
// Plays the functions of advapi32.dll and kernel32.dll that read the audit policy, for P/Invoke on
// Linux. Here is what Windows is strict about: sizes of arguments and results, privileges, memory.
// What a host answers comes from WindowsLab (Core/AuditApi.cs), which connects when it is loaded.
//
// The signatures are those of ntsecapi.h, winbase.h and processthreadsapi.h (Microsoft Learn, 2026-11).

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint32_t BOOL;
// One byte in the register, as MSVC leaves it: who reads four bytes sees TRUE where FALSE was meant.
typedef uint32_t BOOLEAN;
#define BOOLEAN_OF(is_true) (0xBAADF000u | ((is_true) ? 1u : 0u))

typedef struct { uint8_t bytes[16]; } GUID;
typedef struct { GUID subcategory; uint32_t information; GUID category; } AUDIT_POLICY_INFORMATION;
typedef struct { uint32_t count; void **sids; } POLICY_AUDIT_SID_ARRAY;
typedef struct { uint32_t low; int32_t high; } LUID;
typedef struct { LUID luid; uint32_t attributes; } LUID_AND_ATTRIBUTES;
typedef struct { uint32_t count; LUID_AND_ATTRIBUTES first; } TOKEN_PRIVILEGES;

_Static_assert(sizeof(AUDIT_POLICY_INFORMATION) == 36, "as on Windows, 32 and 64 bits");
_Static_assert(sizeof(TOKEN_PRIVILEGES) == 16, "as on Windows");

enum {
    ERROR_SUCCESS = 0,
    ERROR_ACCESS_DENIED = 5,
    ERROR_INVALID_HANDLE = 6,
    ERROR_INVALID_PARAMETER = 87,
    ERROR_CALL_NOT_IMPLEMENTED = 120,
    ERROR_INSUFFICIENT_BUFFER = 122,
    ERROR_NOT_ALL_ASSIGNED = 1300,
    ERROR_NO_SUCH_PRIVILEGE = 1313,
    ERROR_PRIVILEGE_NOT_HELD = 1314,
    SE_PRIVILEGE_ENABLED = 2,
    TOKEN_QUERY = 0x8,
    TOKEN_ADJUST_PRIVILEGES = 0x20,
    SE_SECURITY_PRIVILEGE = 8,
    MAX_SUBCATEGORIES = 128,
    MAX_USERS = 16,
    MAX_SID = 68,  // SECURITY_MAX_SID_SIZE
};

// What the simulated host says; each returns a Win32 error.
typedef struct {
    uint32_t (*has_privilege)(uint32_t *answer);
    uint32_t (*subcategories)(GUID *guids, uint32_t room, uint32_t *count);
    uint32_t (*system_policy)(const GUID *guids, uint32_t count, AUDIT_POLICY_INFORMATION *items);
    uint32_t (*users)(uint8_t *sids, uint32_t room, uint32_t *count);
    uint32_t (*user_policy)(const uint8_t *sid, const GUID *guids, uint32_t count,
                            AUDIT_POLICY_INFORMATION *items);
} Host;

static const char SECURITY_PRIVILEGE[] = "SeSecurityPrivilege";
static Host host;
static int is_connected;
// Of the token of the process; P/Invoke with SetLastError reads errno where there is no GetLastError.
static int is_enabled;
static int buffers;
static int handles;

static BOOL fails(uint32_t error) {
    errno = (int)error;
    return 0;
}

static BOOL ends(uint32_t error) {
    errno = (int)error;
    return 1;
}

// Memory that only AuditFree may free: it lies behind a mark, and is spoilt when it is freed.

typedef struct { uint64_t mark; uint64_t size; } Header;
static const uint64_t MARK = 0x4175646974467265;

static void *hand_out(size_t size) {
    Header *header = malloc(sizeof(Header) + size);
    if (!header) { abort(); }
    header->mark = MARK;
    header->size = size;
    memset(header + 1, 0xCD, size);
    __atomic_add_fetch(&buffers, 1, __ATOMIC_SEQ_CST);
    return header + 1;
}

EXPORT void AuditFree(void *buffer) {
    if (!buffer) { return; }
    Header *header = (Header *)buffer - 1;
    if (header->mark != MARK) {
        fputs("lab: AuditFree of memory that it did not hand out\n", stderr);
        abort();
    }
    memset(header, 0xDD, sizeof(Header) + header->size);
    free(header);
    __atomic_sub_fetch(&buffers, 1, __ATOMIC_SEQ_CST);
}

// For the lab alone: the start of a task, in a process whose token has the privilege switched off.

EXPORT void LabConnect(const Host *answers) {
    host = *answers;
    is_connected = 1;
    is_enabled = 0;
}

EXPORT int32_t LabBuffers(void) { return buffers; }
EXPORT int32_t LabHandles(void) { return handles; }
EXPORT int32_t LabIsEnabled(void) { return is_enabled; }

// kernel32.dll

EXPORT void *GetCurrentProcess(void) { return (void *)(intptr_t)-1; }

typedef struct { uint64_t mark; uint32_t access; } Token;

EXPORT BOOL CloseHandle(void *handle) {
    Token *token = handle;
    if (!token || handle == GetCurrentProcess() || token->mark != MARK) { return fails(ERROR_INVALID_HANDLE); }
    token->mark = 0;
    free(token);
    __atomic_sub_fetch(&handles, 1, __ATOMIC_SEQ_CST);
    return ends(ERROR_SUCCESS);
}

// advapi32.dll: privileges

EXPORT BOOL OpenProcessToken(void *process, uint32_t access, void **result) {
    if (process != GetCurrentProcess()) { return fails(ERROR_INVALID_HANDLE); }
    Token *token = malloc(sizeof(Token));
    if (!token) { abort(); }
    token->mark = MARK;
    token->access = access;
    __atomic_add_fetch(&handles, 1, __ATOMIC_SEQ_CST);
    *result = token;
    return ends(ERROR_SUCCESS);
}

EXPORT BOOL LookupPrivilegeValueW(const uint16_t *system, const uint16_t *name, LUID *luid) {
    (void)system;
    for (size_t i = 0; i < sizeof(SECURITY_PRIVILEGE); i++) {
        if (name[i] != (uint16_t)SECURITY_PRIVILEGE[i]) { return fails(ERROR_NO_SUCH_PRIVILEGE); }
    }
    luid->low = SE_SECURITY_PRIVILEGE;
    luid->high = 0;
    return ends(ERROR_SUCCESS);
}

EXPORT BOOL LookupPrivilegeNameW(const uint16_t *system, const LUID *luid, uint16_t *name, uint32_t *length) {
    (void)system;
    if (luid->low != SE_SECURITY_PRIVILEGE || luid->high) { return fails(ERROR_NO_SUCH_PRIVILEGE); }
    if (!name || *length < sizeof(SECURITY_PRIVILEGE)) {
        *length = sizeof(SECURITY_PRIVILEGE);
        return fails(ERROR_INSUFFICIENT_BUFFER);
    }
    for (size_t i = 0; i < sizeof(SECURITY_PRIVILEGE); i++) { name[i] = (uint16_t)SECURITY_PRIVILEGE[i]; }
    *length = sizeof(SECURITY_PRIVILEGE) - 1;
    return ends(ERROR_SUCCESS);
}

// .NET tries the name with W on Windows only.
#define ALIAS(target) __attribute__((alias(#target), visibility("default")))
BOOL LookupPrivilegeValue(const uint16_t *, const uint16_t *, LUID *) ALIAS(LookupPrivilegeValueW);
BOOL LookupPrivilegeName(const uint16_t *, const LUID *, uint16_t *, uint32_t *) ALIAS(LookupPrivilegeNameW);

EXPORT BOOL AdjustTokenPrivileges(void *handle, BOOL all, const TOKEN_PRIVILEGES *wanted, uint32_t room,
                                  TOKEN_PRIVILEGES *previous, uint32_t *needed) {
    Token *token = handle;
    if (!token || token->mark != MARK) { return fails(ERROR_INVALID_HANDLE); }
    if (!(token->access & TOKEN_ADJUST_PRIVILEGES)) { return fails(ERROR_ACCESS_DENIED); }
    if (previous && !(token->access & TOKEN_QUERY)) { return fails(ERROR_ACCESS_DENIED); }
    // One privilege at a time is all that the lab knows, and none at all.
    if (!is_connected || all || !wanted || wanted->count > 1) { return fails(ERROR_CALL_NOT_IMPLEMENTED); }
    uint32_t held = 0;
    uint32_t error = host.has_privilege(&held);
    if (error) { return fails(error); }
    int is_meant = wanted->count == 1 && wanted->first.luid.low == SE_SECURITY_PRIVILEGE;
    int will_be = is_meant && (wanted->first.attributes & SE_PRIVILEGE_ENABLED) != 0;
    int changes = is_meant && held && will_be != is_enabled;
    uint32_t size = 4 + (changes ? (uint32_t)sizeof(LUID_AND_ATTRIBUTES) : 0);
    if (needed) { *needed = size; }
    if (previous) {
        if (room < size) { return fails(ERROR_INSUFFICIENT_BUFFER); }
        previous->count = (uint32_t)changes;
        if (changes) {
            previous->first.luid = wanted->first.luid;
            previous->first.attributes = is_enabled ? SE_PRIVILEGE_ENABLED : 0;
        }
    }
    if (changes) { is_enabled = will_be; }
    // Success also when the token lacks what was asked: only the last error tells.
    return ends(is_meant && !held ? ERROR_NOT_ALL_ASSIGNED : ERROR_SUCCESS);
}

// advapi32.dll: audit policy

static BOOLEAN answer(uint32_t error, void *buffer, void **result) {
    if (error) {
        AuditFree(buffer);
        buffer = NULL;
    }
    *result = buffer;
    errno = (int)error;
    return BOOLEAN_OF(!error);
}

static uint32_t refusal(const GUID *guids, uint32_t count) {
    if (!is_connected) { return ERROR_CALL_NOT_IMPLEMENTED; }
    if (!guids || count == 0 || count > MAX_SUBCATEGORIES) { return ERROR_INVALID_PARAMETER; }
    return is_enabled ? ERROR_SUCCESS : ERROR_PRIVILEGE_NOT_HELD;
}

EXPORT BOOLEAN AuditEnumerateSubCategories(const GUID *category, uint8_t all, GUID **result, uint32_t *count) {
    if (!is_connected || category || !all) { return answer(ERROR_CALL_NOT_IMPLEMENTED, NULL, (void **)result); }
    GUID *guids = hand_out(MAX_SUBCATEGORIES * sizeof(GUID));
    return answer(host.subcategories(guids, MAX_SUBCATEGORIES, count), guids, (void **)result);
}

EXPORT BOOLEAN AuditQuerySystemPolicy(const GUID *guids, uint32_t count, AUDIT_POLICY_INFORMATION **result) {
    uint32_t error = refusal(guids, count);
    if (error) { return answer(error, NULL, (void **)result); }
    AUDIT_POLICY_INFORMATION *items = hand_out(count * sizeof(*items));
    return answer(host.system_policy(guids, count, items), items, (void **)result);
}

EXPORT BOOLEAN AuditEnumeratePerUserPolicy(POLICY_AUDIT_SID_ARRAY **result) {
    if (!is_connected) { return answer(ERROR_CALL_NOT_IMPLEMENTED, NULL, (void **)result); }
    if (!is_enabled) { return answer(ERROR_PRIVILEGE_NOT_HELD, NULL, (void **)result); }
    // One buffer: the array, the addresses, the SIDs.
    size_t addresses = MAX_USERS * sizeof(void *);
    POLICY_AUDIT_SID_ARRAY *array = hand_out(sizeof(*array) + addresses + MAX_USERS * MAX_SID);
    array->sids = (void **)(array + 1);
    uint8_t *sids = (uint8_t *)(array + 1) + addresses;
    for (int i = 0; i < MAX_USERS; i++) { array->sids[i] = sids + i * MAX_SID; }
    return answer(host.users(sids, MAX_USERS, &array->count), array, (void **)result);
}

EXPORT BOOLEAN AuditQueryPerUserPolicy(const uint8_t *sid, const GUID *guids, uint32_t count,
                                       AUDIT_POLICY_INFORMATION **result) {
    uint32_t error = refusal(guids, count);
    if (!error && !sid) { error = ERROR_INVALID_PARAMETER; }
    if (error) { return answer(error, NULL, (void **)result); }
    AUDIT_POLICY_INFORMATION *items = hand_out(count * sizeof(*items));
    return answer(host.user_policy(sid, guids, count, items), items, (void **)result);
}
