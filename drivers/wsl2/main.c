#include "wsl2/table.h"

int main(int argc, char **argv)
{
    return lima_driver_main(argc, argv, &lima_wsl2_driver);
}
