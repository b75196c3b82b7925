# cmake -DPROGRAM= -DARGUMENT= -DEXPECTED= -P expect.cmake - run it and look at what it prints.
execute_process(COMMAND ${PROGRAM} ${ARGUMENT} RESULT_VARIABLE result OUTPUT_VARIABLE output
                ERROR_VARIABLE errors)
file(READ ${EXPECTED} expected)
if(NOT result EQUAL 0 OR NOT output STREQUAL expected OR NOT errors STREQUAL "")
  message(FATAL_ERROR "${PROGRAM} ended with ${result}\nprinted:\n${output}${errors}\n"
                      "expected:\n${expected}")
endif()
