# cmake -DIN=file -DOUT=file -P insert.cmake: a script with the text of NAME.py beside it in the place of "@NAME.py@".
get_filename_component(name "${IN}" NAME_WE)
cmake_path(GET IN PARENT_PATH folder)
file(READ "${IN}" text)
if(EXISTS "${folder}/${name}.py")
    file(READ "${folder}/${name}.py" helper)
    string(REPLACE "@${name}.py@\n" "${helper}" text "${text}")
endif()
file(WRITE "${OUT}" "${text}")
