/* A private folder for a test, below the folder for temporary files. Link test_folder. */
#pragma once

/* New, empty, with a space and an umlaut in its name; short, so that a socket's path fits below it. Owned:
 * give it to test_folder_remove. */
char *test_folder_make(void);
void test_folder_remove(char *path); /* with all that is in it; frees the path. NULL is fine */

/* A path as it stands between the quotes of a JSON text; owned. */
char *test_json_text(const char *path);
