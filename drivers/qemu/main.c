#include "qemu/table.h"

int main(int argc, char **argv)
{
    return lima_driver_main(argc, argv, &lima_qemu_driver);
}
