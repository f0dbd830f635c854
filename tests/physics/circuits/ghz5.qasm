OPENQASM 3.0;
include "stdgates.inc";
// (|00110> + |11001>)/sqrt(2): a GHZ state whose outcomes are no palindromes
qubit[5] q;
bit[5] c;
h q[0];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
cx q[3], q[4];
x q[1];
x q[2];
c = measure q;
