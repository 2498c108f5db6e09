# lima_windows_program(NAME TEST|SHIP): what a program for Windows has in it besides its code.
# Starts in win/start.c (wmain), so that arguments are UTF-8 whatever the system's code page; a manifest; what ships also tells
# its version in Explorer. Elsewhere: nothing.
if(NOT WIN32)
    function(lima_windows_program name kind)
    endfunction()
    return()
endif()

enable_language(RC)
set(CMAKE_RC_COMPILE_OBJECT "<CMAKE_RC_COMPILER> -O coff <DEFINES> <INCLUDES> <FLAGS> <SOURCE> <OBJECT>")
target_link_options(lima_flags INTERFACE -municode)

function(lima_windows_program name kind)
    set(folder "${PROJECT_SOURCE_DIR}/win/resources")
    target_sources(${name} PRIVATE "${folder}/program.rc")
    set_property(SOURCE "${folder}/program.rc" TARGET_DIRECTORY ${name} PROPERTY OBJECT_DEPENDS "${folder}/program.manifest")
    target_link_libraries(${name} PRIVATE lima_os)
    if(kind STREQUAL "SHIP")
        set(LIMA_NAME "${name}")
        set(LIMA_ABOUT "Lima driver tool")
        if(name MATCHES "^lima-driver-(.*)")
            set(LIMA_ABOUT "Lima VM driver ${CMAKE_MATCH_1}")
        endif()
        configure_file("${folder}/version.rc.in" "${CMAKE_CURRENT_BINARY_DIR}/${name}.rc" @ONLY)
        target_sources(${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/${name}.rc")
    endif()
endfunction()
