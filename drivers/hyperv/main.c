#include "hyperv/table.h"

int main(int argc, char **argv)
{
    return lima_driver_main(argc, argv, &lima_hyperv_driver);
}
