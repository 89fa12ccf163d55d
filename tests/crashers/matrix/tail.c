/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that left by a jump: hand_over() and pass_on() have no frames, and the notes of the
 * compiler about its calls tell that they were there. choose() has two ways on, which no note tells
 * apart. */
#include "../frame.h"

static int *volatile nowhere;
static volatile int turn = 1;

FRAME static int last(int value)
{
    int answer = *nowhere + value;

    turn = answer;
    return answer + 1;
}

FRAME static int pass_on(int value)
{
    return last(value + 1);
}

FRAME static int hand_over(int value)
{
    turn += value;
    return pass_on(value * 2);
}

FRAME static int middle(int value)
{
    return hand_over(value) + 1;
}

FRAME static int left(int value)
{
    return middle(value + 1);
}
FRAME static int right(int value)
{
    return middle(value - 1);
}
FRAME static int choose(int value)
{
    return turn ? left(value) : right(value);
}

FRAME static int start(int value)
{
    return choose(value) * 2;
}

int main(void)
{
    return start(3);
}
