# lima_protobuf_c(TARGET PROTO [IMPORTS google/protobuf/empty.proto …])
# Static library TARGET from PROTO (path below core/, e.g. rpc/driver.proto) by protoc-c at build time;
# use as  #include "rpc/driver.pb-c.h".  IMPORTS: files it imports, looked for
# below core/rpc/import (google/protobuf/empty.proto, … : Debian has them only in libprotobuf-dev), generated too.
# The descriptor set (all imports included, for server reflection) lands in generated/rpc/driver.desc,
# and as C bytes  lima_driver_desc[], lima_driver_desc_len  in  #include "rpc/driver.desc.h".
set(LIMA_GENERATED "${CMAKE_BINARY_DIR}/generated")

# lima_generated: all generated sources and nothing more, for tools that read the code without building it.
add_custom_target(lima_generated)

function(lima_protobuf_c target proto)
    cmake_parse_arguments(arg "" "" "IMPORTS" ${ARGN})
    find_program(PROTOC_C protoc-c REQUIRED)
    set(paths "--proto_path=${PROJECT_SOURCE_DIR}/core")
    if(arg_IMPORTS)
        list(APPEND paths "--proto_path=${PROJECT_SOURCE_DIR}/core/rpc/import")
    endif()
    set(outputs "")
    set(sources "")
    foreach(file ${proto} ${arg_IMPORTS})
        if(EXISTS "${PROJECT_SOURCE_DIR}/core/${file}")
            list(APPEND sources "${PROJECT_SOURCE_DIR}/core/${file}")
        endif()
        string(REGEX REPLACE "\\.proto$" ".pb-c" stem "${LIMA_GENERATED}/${file}")
        list(APPEND outputs "${stem}.c" "${stem}.h")
    endforeach()
    string(REGEX REPLACE "\\.proto$" ".desc" desc "${LIMA_GENERATED}/${proto}")
    file(MAKE_DIRECTORY "${LIMA_GENERATED}")
    add_custom_command(OUTPUT ${outputs} ${desc}
        COMMAND ${PROTOC_C} ${paths} "--c_out=${LIMA_GENERATED}" --include_imports "--descriptor_set_out=${desc}" ${proto} ${arg_IMPORTS}
        DEPENDS ${sources} COMMENT "protoc-c ${proto}" VERBATIM)
    get_filename_component(stem "${proto}" NAME_WE)
    add_custom_command(OUTPUT "${desc}.h"
        COMMAND ${CMAKE_COMMAND} -DIN=${desc} -DOUT=${desc}.h -DNAME=lima_${stem}_desc
                -P "${PROJECT_SOURCE_DIR}/core/cmake/embed.cmake"
        DEPENDS "${desc}" "${PROJECT_SOURCE_DIR}/core/cmake/embed.cmake" VERBATIM)
    add_library(${target} STATIC ${outputs} "${desc}.h")
    add_custom_target(${target}_generated DEPENDS ${outputs} "${desc}.h")
    add_dependencies(lima_generated ${target}_generated)
    add_dependencies(${target} ${target}_generated)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${target} SYSTEM PUBLIC "${LIMA_GENERATED}")
    target_link_libraries(${target} PUBLIC lima::protobuf_c PRIVATE $<BUILD_INTERFACE:lima_flags>)
    # Generated code is not ours to polish; its INIT macros cast const away in whoever uses them.
    target_compile_options(${target} PRIVATE -w INTERFACE -Wno-cast-qual)
endfunction()
