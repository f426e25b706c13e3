/* A program that logs as Windows programs do: it keeps its file open and shares it for reading
 * only. Takes one order a line and answers `ok`, or `error` with the number of Windows.
 *
 *     open PATH        makes the file, which must not be there, and keeps it open
 *     write TEXT       appends a line
 *     close
 *     rename FROM|TO   moves a file, whoever has it open
 *     delete PATH      deletes a file, whoever has it open
 */

#include <stdio.h>
#include <string.h>
#include <windows.h>

static HANDLE file = INVALID_HANDLE_VALUE;

static BOOL make(const char *path)
{
    file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, 0, NULL);
    return file != INVALID_HANDLE_VALUE;
}

static BOOL append(char *text)
{
    DWORD written;
    strcat(text, "\r\n");
    return WriteFile(file, text, (DWORD)strlen(text), &written, NULL);
}

static BOOL move(char *names)
{
    char *to = strchr(names, '|');
    *to++ = '\0';
    return MoveFileA(names, to);
}

static BOOL obey(const char *order, char *rest)
{
    if (!strcmp(order, "open"))
        return make(rest);
    if (!strcmp(order, "write"))
        return append(rest);
    if (!strcmp(order, "close"))
        return CloseHandle(file);
    if (!strcmp(order, "rename"))
        return move(rest);
    return !strcmp(order, "delete") && DeleteFileA(rest);
}

int main(void)
{
    static char line[65536];
    while (fgets(line, sizeof line - 4, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        char *rest = strchr(line, ' ');
        if (rest)
            *rest++ = '\0';
        if (obey(line, rest ? rest : ""))
            puts("ok");
        else
            printf("error %lu\n", GetLastError());
        fflush(stdout);
    }
    return 0;
}
