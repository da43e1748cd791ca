#include <stdio.h>

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "dunes";
    printf("%s, %s!\n", GREETING, name);
    return 0;
}
