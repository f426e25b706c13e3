/* Wine 8 has no bcryptprimitives.dll, which the standard library of Rust asks for its one
 * function; Windows has its own. */

#include <windows.h>

/* RtlGenRandom by its other name; the header declares it only in some versions. */
BOOLEAN WINAPI SystemFunction036(PVOID data, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return SystemFunction036(data, (ULONG)length);
}
