/* An engine of OpenSSL for tls_engine.t: holds one key, which is called "device" and lies in the PEM file that
   KEY_ENGINE_FILE names, and gives it only after the SHA-1 of its password "secret", as engines of smart cards do. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static const char id[] = "key_engine";
static const unsigned char sha1_of_secret[] = {0xe5, 0xe9, 0xfa, 0x1b, 0xa3, 0x1e, 0xcd, 0x1a, 0xe8, 0x4f,
                                               0x75, 0xca, 0xaa, 0x47, 0x4f, 0x3a, 0x66, 0x3f, 0x05, 0xf4};
static long secret_mode;
static int is_open;

enum { SECRET_MODE = ENGINE_CMD_BASE, PIN };
static const ENGINE_CMD_DEFN commands[] = {{SECRET_MODE, "SECRET_MODE", "form of PIN", ENGINE_CMD_FLAG_NUMERIC},
                                           {PIN, "PIN", "password", ENGINE_CMD_FLAG_STRING},
                                           {0, NULL, NULL, 0}};

static int control(ENGINE *engine, int command, long number, void *bytes, void (*function)(void)) {
    (void)engine;
    (void)function;
    if (command == SECRET_MODE) {
        secret_mode = number;
        return 1;
    }
    if (command != PIN || secret_mode != 0x1000) return 0;
    is_open = memcmp(bytes, sha1_of_secret, sizeof sha1_of_secret) == 0;
    return 1;
}

static EVP_PKEY *load_key(ENGINE *engine, const char *name, UI_METHOD *ui, void *data) {
    const char *path = getenv("KEY_ENGINE_FILE");
    FILE *file = is_open && path && strcmp(name, "device") == 0 ? fopen(path, "r") : NULL;
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    (void)engine;
    (void)ui;
    (void)data;
    if (file) fclose(file);
    return key;
}

static int bind(ENGINE *engine, const char *asked) {
    if (asked && strcmp(asked, id) != 0) return 0;
    return ENGINE_set_id(engine, id) && ENGINE_set_name(engine, "one key for tests") &&
           ENGINE_set_cmd_defns(engine, commands) && ENGINE_set_ctrl_function(engine, control) &&
           ENGINE_set_load_privkey_function(engine, load_key);
}

IMPLEMENT_DYNAMIC_BIND_FN(bind)
IMPLEMENT_DYNAMIC_CHECK_FN()
