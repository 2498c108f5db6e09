# cmake -DARCHIVES=a;b;c -DOUT=… -DAR= -DRANLIB= -DOBJCOPY= -P sdk.cmake: several archives as one, of plain machine code
# (the fat objects of an LTO build carry this compiler's own format as well, which another compiler stumbles over).
# ar's scripts know neither spaces nor umlauts: all that they name lies beside OUT and is named without its folder.
get_filename_component(folder "${OUT}" DIRECTORY)
get_filename_component(name "${OUT}" NAME)
set(script "CREATE ${name}.tmp\n")
set(number 0)
foreach(archive ${ARCHIVES})
    math(EXPR number "${number} + 1")
    set(plain "${name}.${number}.a")
    execute_process(COMMAND "${OBJCOPY}" --wildcard --remove-section=.gnu.lto_* --remove-section=.gnu.debuglto_*
        --strip-symbol=__gnu_lto_slim --strip-debug "${archive}" "${folder}/${plain}" COMMAND_ERROR_IS_FATAL ANY)
    list(APPEND plains "${folder}/${plain}")
    string(APPEND script "ADDLIB ${plain}\n")
endforeach()
string(APPEND script "SAVE\nEND\n")
file(WRITE "${OUT}.mri" "${script}")
file(REMOVE "${OUT}.tmp")
execute_process(COMMAND "${AR}" -M INPUT_FILE "${OUT}.mri" WORKING_DIRECTORY "${folder}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${RANLIB}" "${OUT}.tmp" COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${OUT}.tmp" "${OUT}")
file(REMOVE ${plains} "${OUT}.mri")
