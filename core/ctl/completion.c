/* Completion scripts. Each carries the words before the cursor to `PROGRAM completion --for=WORD -- WORDS`
 * and hands the answer to its shell; all knowledge of commands stays in the program, so an installed script
 * does not age. PROGRAM stands for the program's name. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const char BASH[] = "# bash completion of PROGRAM\n"
                           "_PROGRAM()\n"
                           "{\n"
                           "    local word=\"${COMP_WORDS[COMP_CWORD]}\" line\n"
                           "    COMPREPLY=()\n"
                           "    while IFS= read -r line; do\n"
                           "        case \"$line\" in\n"
                           "            :files) compopt -o default ;;\n"
                           "            :folders) compopt -o dirnames ;;\n"
                           "            *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
                           "        esac\n"
                           "    done < <(\"${COMP_WORDS[0]}\" completion --for=\"$word\" -- "
                           "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\" 2>/dev/null)\n"
                           "}\n"
                           "complete -F _PROGRAM PROGRAM\n";

static const char ZSH[] =
    "#compdef PROGRAM\n"
    "# zsh completion of PROGRAM\n"
    "_PROGRAM()\n"
    "{\n"
    "    local -a found\n"
    "    local line word files=0 folders=0\n"
    "    while IFS= read -r line; do\n"
    "        case \"$line\" in\n"
    "            :files) files=1 ;;\n"
    "            :folders) folders=1 ;;\n"
    "            *) word=\"${line%%$'\\t'*}\"\n"
    "               if [[ \"$line\" == *$'\\t'* ]]; then found+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "               else found+=(\"${word//:/\\\\:}\"); fi ;;\n"
    "        esac\n"
    "    done < <(\"${words[1]}\" completion --for=\"${words[CURRENT]}\" -- \"${(@)words[2,CURRENT-1]}\" "
    "2>/dev/null)\n"
    "    (( ${#found} )) && _describe 'PROGRAM' found\n"
    "    (( files )) && _files\n"
    "    (( folders )) && _files -/\n"
    "}\n"
    "if [[ \"${funcstack[1]}\" == _PROGRAM ]]; then _PROGRAM \"$@\"; else compdef _PROGRAM PROGRAM; fi\n";

static const char FISH[] =
    "# fish completion of PROGRAM\n"
    "function __PROGRAM_complete\n"
    "    set -l before (commandline -opc)\n"
    "    set -l word (commandline -ct)\n"
    "    for line in ($before[1] completion --for=\"$word\" -- $before[2..-1] 2>/dev/null)\n"
    "        switch $line\n"
    "            case :files\n"
    "                __fish_complete_path \"$word\"\n"
    "            case :folders\n"
    "                __fish_complete_directories \"$word\"\n"
    "            case '*'\n"
    "                echo $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c PROGRAM -f -a '(__PROGRAM_complete)'\n";

static const char POWERSHELL[] =
    "# PowerShell completion of PROGRAM\n"
    "Register-ArgumentCompleter -Native -CommandName 'PROGRAM', 'PROGRAM.exe' -ScriptBlock {\n"
    "    param($word, $line, $cursor)\n"
    "    $before = @($line.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor } | "
    "ForEach-Object { $_.ToString() })\n"
    "    $program = $line.CommandElements[0].ToString()\n"
    "    $before = @($before | Select-Object -Skip 1)\n"
    "    & $program completion \"--for=$word\" -- @before 2>$null | ForEach-Object {\n"
    "        $parts = $_ -split \"`t\", 2\n"
    "        if ($parts[0] -eq ':files' -or $parts[0] -eq ':folders') {\n"
    "            Get-ChildItem -Path \"$word*\" -Directory:($parts[0] -eq ':folders') -ErrorAction "
    "SilentlyContinue | ForEach-Object {\n"
    "                [System.Management.Automation.CompletionResult]::new($_.FullName, $_.Name, "
    "'ProviderItem', $_.FullName)\n"
    "            }\n"
    "        } else {\n"
    "            [System.Management.Automation.CompletionResult]::new($parts[0], $parts[0], "
    "'ParameterValue', $parts[-1])\n"
    "        }\n"
    "    }\n"
    "}\n";

static const char *const SHELLS[] = {"bash", "zsh", "fish", "powershell", NULL};
static const char *const SCRIPTS[] = {BASH, ZSH, FISH, POWERSHELL};

const char *const *lima_ctl_shells(void)
{
    return SHELLS;
}

static void add_script(lima_buf *into, const char *script, const char *name)
{
    static const char mark[] = "PROGRAM";
    for (const char *found; (found = strstr(script, mark)); script = found + strlen(mark)) {
        lima_buf_add(into, script, (size_t)(found - script));
        lima_buf_add_str(into, name);
    }
    lima_buf_add_str(into, script);
}

bool lima_ctl_add_completion(const lima_ctl_program *program, const char *shell, lima_buf *into,
                             lima_err *err)
{
    for (size_t i = 0; SHELLS[i]; i++) {
        if (lima_str_eq_nocase(shell, SHELLS[i])) {
            add_script(into, SCRIPTS[i], program->name);
            return true;
        }
    }
    return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT,
                        "no completion for shell '%s'; there are bash, zsh, fish and powershell", shell);
}

static int print_script(const lima_ctl_args *args, const char *shell, lima_buf *text)
{
    lima_err err = {0};
    if (!lima_ctl_add_completion(lima_ctl_args_program(args), shell, text, &err))
        return lima_ctl_misuse(args, "%s", err.text);
    return LIMA_CTL_OK;
}

int lima_ctl_completion(const lima_ctl_args *args)
{
    const char *shell = lima_ctl_operand_at(args, 0), *current = lima_ctl_str(args, "for");
    lima_buf text = LIMA_BUF(256 * 1024);
    int code = LIMA_CTL_OK;
    if (current) {
        lima_ctl_offer(lima_ctl_args_program(args), lima_ctl_rest(args), current, &text);
    } else if (shell) {
        code = print_script(args, shell, &text);
    } else {
        code = lima_ctl_misuse(args, "for which shell? There are bash, zsh, fish and powershell");
    }
    fputs(lima_buf_str(&text), stdout);
    lima_buf_free(&text);
    return code;
}
