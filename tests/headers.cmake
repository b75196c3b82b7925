# Each public header compiles alone, as C11 and inside C++17, and boc.h has them all.
include(CheckLanguage)
check_language(CXX)

function(boc_header_test name header)
  add_test(NAME headers.${name}
           COMMAND sh ${PROJECT_SOURCE_DIR}/tools/check_header.sh ${header}
                   ${PROJECT_SOURCE_DIR}/include ${ARGN})
  set_tests_properties(headers.${name} PROPERTIES LABELS headers TIMEOUT 60)
endfunction()

file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include/boc
     ${PROJECT_SOURCE_DIR}/include/boc/*.h)
foreach(header IN LISTS headers)
  get_filename_component(name ${header} NAME_WE)
  boc_header_test(c11.${name} ${header} ${CMAKE_C_COMPILER} -std=c11 -x c)
  if(CMAKE_CXX_COMPILER)
    boc_header_test(cxx17.${name} ${header} ${CMAKE_CXX_COMPILER} -std=c++17 -x c++)
  endif()
endforeach()
if(NOT CMAKE_CXX_COMPILER)
  message(STATUS "no C++ compiler: the headers are checked as C only")
endif()

add_test(NAME headers.boc_includes_all
         COMMAND sh ${PROJECT_SOURCE_DIR}/tools/check_door.sh ${CMAKE_C_COMPILER}
                 ${PROJECT_SOURCE_DIR}/include)
set_tests_properties(headers.boc_includes_all PROPERTIES LABELS headers TIMEOUT 60)
