/* What the documents of the Host Compute Service and of its networks say about a failure. Pure. */
#pragma once

/* The messages, one behind the other, for quoting in an error: `ErrorMessage`, the `Message` of each error
 * event, the `Detail` of each attribution (facts hyperv-hcs.md 2.4), `Error` of an HCN record (5.1). One line of at
 * most LIMA_HCS_WORDS_MAX bytes, each message once. Of a document that has none, or is no JSON, its beginning.
 * NULL or "": "". Owned. */
enum { LIMA_HCS_WORDS_MAX = 600 };

char *lima_hcs_words(const char *document);
