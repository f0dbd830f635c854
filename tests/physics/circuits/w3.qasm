OPENQASM 3.0;
include "stdgates.inc";
// sqrt(1/2)|001> + sqrt(1/3)|010> + sqrt(1/6)|100> with q[0] rightmost, measured crosswise into two registers:
// low[0] is q[1], high[0] is q[2] and high[1] is q[0]
qubit[3] q;
bit[1] low;
bit[2] high;
ry(0.8410686705679302) q[2];
x q[2];
cry(1.369438406004566) q[2], q[1];
x q[1];
ccx q[2], q[1], q[0];
x q[1];
x q[2];
low[0] = measure q[1];
high[0] = measure q[2];
high[1] = measure q[0];
