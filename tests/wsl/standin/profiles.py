#!/usr/bin/env python3
"""Versions of WSL and languages: what each does differently (facts 10.5, 2.3)."""
import tarfile

import computer
from computer import FAILURE, standin_only

LATER = ("0.64", "2.0", "2.4", "2.5.7", "2.6", "2.9", "2.9.5")
ALL = ("inbox", *LATER)
NB = "\u00a0"
LABELS = {      # copied from the facts, not from the stand-in
    "en": (" (Default)", "Error code:"), "de": (" (Standard)", "Fehlercode:"), "fr": (" (par défaut)", f"Code d'erreur{NB}:"),
    "es": (" (Predeterminado)", "Código de error:"), "it": (" (Predefinito)", "Codice errore:"), "pt-BR": (" (Padrão)", "Código de erro:"),
    "pt-PT": (" (Predefinição)", "Código de erro:"), "ja": (" (既定値)", "エラー コード:"), "ko": ("(기본값)", "오류 코드:"),
    "zh-CN": (" (默认值)", "错误代码:"), "zh-TW": (" (預設)", "錯誤碼:"), "ru": (" (по умолчанию)", "Код ошибки:"),
    "pl": (" (domyślnie)", "Kod błędu:"), "cs": (" (Výchozí)", "Kód chyby:"), "da": (" (Standard)", "Fejlkode:"),
    "nb": (f"{NB}(standard)", "Feilkode:"), "nl": (" (Standaard)", "Foutcode:"), "sv": (" (Standardinställning)", "Felkod:"),
    "tr": (" (Varsayılan)", "Hata kodu:"), "hu": (" (alapértelmezett)", "Hibakód:"), "fi": (" (Oletus)", "Virhekoodi:"),
}


@standin_only
def languages_translate_suffix_and_label_only(pc):
    pc.make()
    for language, (suffix, label) in LABELS.items():
        for utf8, encoding in (("1", "utf-8"), (None, "utf-16-le")):
            env = {"WSLSIM_LANG": language, "WSL_UTF8": utf8, "encoding": encoding}
            assert pc.wsl("--list", **env).ok().lines[1:] == ["lima-a" + suffix], language
            assert pc.wsl("--terminate", "x", **env).failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND").lines[-1].startswith(label + " Wsl/"), language
            assert pc.wsl("--list", "-v", **env).ok().lines == ["  NAME      STATE           VERSION", "* lima-a    Stopped         2"], language


@standin_only
def languages_have_texts_of_their_own(pc):
    seen = {}
    for language in LABELS:
        done = pc.wsl("--list", WSLSIM_LANG=language)
        assert done.code in FAILURE and done.text not in seen, (language, seen.get(done.text))
        seen[done.text] = language
        assert pc.wsl("--set-default-version", "2", WSLSIM_LANG=language).ok().raw.endswith(b" \r\n")


@standin_only
def utf8_is_known_from_0_64(pc):
    pc.make()
    for profile in ALL:
        raw = pc.wsl("--list", "--quiet", WSLSIM_PROFILE=profile).ok().raw
        assert raw == ("lima-a\r\r\n".encode("utf-16-le") if profile == "inbox" else b"lima-a\r\n"), profile


@standin_only
def codes_appear_in_0_64(pc):
    pc.wsl("--terminate", "x", WSLSIM_PROFILE="inbox", encoding="utf-16-le").failed()
    for profile in LATER:
        pc.wsl("--terminate", "x", WSLSIM_PROFILE=profile).failed("Wsl/Service/WSL_E_DISTRO_NOT_FOUND")


@standin_only
def windows_errors_are_numbers_in_0_64(pc):
    pc.make()
    words = ("--import", "lima-a", pc.path(pc.root / "lima-b"), pc.path(pc.little), "--version", "2")
    pc.wsl(*words, WSLSIM_PROFILE="0.64").failed("Wsl/Service/RegisterDistro/0x800700b7")
    for profile in LATER[1:]:
        pc.wsl(*words, WSLSIM_PROFILE=profile).failed("Wsl/Service/RegisterDistro/ERROR_ALREADY_EXISTS")


@standin_only
def the_label_is_english_in_0_64(pc):
    assert pc.wsl("--terminate", "x", WSLSIM_PROFILE="0.64", WSLSIM_LANG="de").lines[-1].startswith("Error code: ")
    assert pc.wsl("--terminate", "x", WSLSIM_PROFILE="2.0", WSLSIM_LANG="de").lines[-1].startswith("Fehlercode: ")


@standin_only
def the_context_of_a_missing_disk(pc):
    pc.make()
    pc.wsl("--shutdown").ok()
    (pc.root / "lima-a/ext4.vhdx").unlink()
    for profile in LATER[1:]:
        word = "MountDisk" if profile.startswith("2.9") else "MountVhd"
        pc.sh("true", WSLSIM_PROFILE=profile).failed(f"Wsl/Service/CreateInstance/{word}/HCS/ERROR_FILE_NOT_FOUND")


@standin_only
def no_linux_check_before_2_5_7(pc):
    odd = pc.root / "lima-odd.tar"
    with tarfile.open(odd, "w") as tar:
        tar.addfile(tarfile.TarInfo("usr/x"))
    for profile in ALL:
        done = pc.wsl("--import", "lima-a", pc.path(pc.root / "lima-a"), pc.path(odd), "--version", "2", WSLSIM_PROFILE=profile)
        if profile in ("inbox", "0.64", "2.0", "2.4"):
            assert done.code == 0, profile
            pc.wsl("--unregister", "lima-a").ok()
        else:
            done.failed("Wsl/Service/RegisterDistro/WSL_E_NOT_A_LINUX_DISTRO")


@standin_only
def verbs_and_options_that_came_later(pc):
    pc.make()
    pc.wsl("--shutdown").ok()
    guid = next((pc.state / "lxss").glob("{*")).name
    for profile in ALL:
        manage = pc.wsl("--manage", "lima-a", "--resize", "30GB", WSLSIM_PROFILE=profile)
        assert (manage.code == 0) == (profile not in ("inbox", "0.64", "2.0")), profile
        version = pc.wsl("--version", WSLSIM_PROFILE=profile)
        assert (version.code == 0) == (profile != "inbox") and version.lines, profile
        by_id = pc.wsl("--distribution-id", guid, "--cd", "/", "--exec", "true", WSLSIM_PROFILE=profile)
        assert (by_id.code == 0) == (profile != "inbox"), profile
        export = pc.wsl("--export", "lima-a", pc.path(pc.root / "lima-out"), "--format", "tar", WSLSIM_PROFILE=profile)
        assert (export.code == 0) == (profile != "inbox"), profile
        pc.wsl("--shutdown").ok()


@standin_only
def the_version_is_the_profiles(pc):
    assert [pc.wsl("--version", WSLSIM_PROFILE=profile).lines[0].split()[-1] for profile in LATER] == [
        "0.64.0.0", "2.0.14.0", "2.4.13.0", "2.5.7.0", "2.6.3.0", "2.9.4.0", "2.9.5.0"]


@standin_only
def wslinfo_tells_the_vm_id_from_2_5_10(pc):
    pc.make()
    for profile in ALL:
        done = pc.wsl("-d", "lima-a", "--cd", "/", "--exec", "/bin/wslinfo", "--vm-id", "-n", WSLSIM_PROFILE=profile)
        if profile in ("2.6", "2.9", "2.9.5"):
            assert done.code == 0 and done.text == pc.vm()["id"], profile
        else:
            assert done.code == 1 and done.raw_error and not done.raw, (profile, done)
        pc.wsl("--terminate", "lima-a").ok()


@standin_only
def the_word_for_user_mode_networking(pc):
    pc.make()
    pc.restart(computer.QUICK.replace("[wsl2]\n", "[wsl2]\nnetworkingMode=virtioproxy\n"))
    for profile in ("2.0", "2.6", "2.9", "2.9.5"):
        word = pc.sh("/bin/wslinfo --networking-mode -n", WSLSIM_PROFILE=profile).ok().text
        assert word == ("consomme" if profile.startswith("2.9") else "virtioproxy"), profile
        pc.wsl("--terminate", "lima-a").ok()


@standin_only
def state_words_of_the_inbox_build_are_translated(pc):
    pc.make()
    for language, word in (("de", "Beendet"), ("fr", "Arrêté"), ("es", "Detenido"), ("it", "Stopped")):
        done = pc.wsl("--list", "--verbose", WSLSIM_PROFILE="inbox", WSLSIM_LANG=language, encoding="utf-16-le").ok()
        assert word in done.text and "NAME" in done.text, language


if __name__ == "__main__":
    computer.main(__name__)
