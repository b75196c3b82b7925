# What the scripts of this folder have in common.

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${said}")
  endif()
endfunction()

function(expect_total program)
  execute_process(COMMAND ${program} RESULT_VARIABLE result OUTPUT_VARIABLE said
                  ERROR_VARIABLE said)
  if(NOT result EQUAL 0 OR NOT said STREQUAL "total 5050\n")
    message(FATAL_ERROR "${program} ended with ${result} and said: ${said}")
  endif()
endfunction()

# Whether PROGRAM asks the loader for the shared library, by its soname with a version.
function(expect_needs program expected)
  execute_process(COMMAND ${READELF} -d ${program} OUTPUT_VARIABLE said
                  COMMAND_ERROR_IS_FATAL ANY)
  if(said MATCHES "NEEDED[^\n]*\\[libboc\\.so\\.[0-9]+\\.[0-9]+\\]")
    set(found TRUE)
  else()
    set(found FALSE)
  endif()
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "${program}: needs libboc.so.X.Y: ${found}, expected ${expected}\n${said}")
  endif()
endfunction()

# Configure and build the project SOURCE against the package in PREFIX, in WORK.
macro(build_project)
  file(REMOVE_RECURSE ${WORK})
  run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${WORK} -DCMAKE_PREFIX_PATH=${PREFIX}
      -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-Werror --no-warn-unused-cli)
  run(${CMAKE_COMMAND} --build ${WORK})
endmacro()
