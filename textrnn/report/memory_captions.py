"""What stands under the figures of the memory experiments and on top of their page, in English and in Chinese.

A caption says what is drawn, where to look first, and what follows from it.
"""

from __future__ import annotations

from typing import NamedTuple


class Caption(NamedTuple):
    """The same in two languages."""

    english: str
    chinese: str


NO_CAPTION = Caption("", "")
CAPTIONS = {
    "accuracy": Caption(
        "Accuracy against the length of the sequence; solid: test, dashed: dev, dotted: always the same "
        "answer. Look for the length at which a line falls to the dotted one: from there on, nothing is "
        "remembered.",
        "准确率随序列长度的变化；实线为测试集，虚线为验证集，点线为总是给出同一个答案。先看曲线从哪个长度起落到"
        "点线上：从那里起，网络什么也没记住。",
    ),
    "longer": Caption(
        "Test accuracy on sequences longer than any that was learnt from; each line begins at the length "
        "learnt. A line that stays up has found the rule, one that falls knew only what it saw.",
        "在比训练时更长的序列上的测试准确率；每条线从训练所用的长度开始。一直保持在高处，说明学到了规则；往下掉"
        "，说明只认得见过的长度。",
    ),
    "losses": Caption(
        "Cross-entropy against the optimizer step; light: training, dark: dev. Both falling: it learns. Only "
        "the training loss falling: it learns by heart. Neither: it has not found what counts.",
        "交叉熵随优化步数的变化；浅色为训练集，深色为验证集。两者都下降：在学习；只有训练损失下降：在死记；都不"
        "下降：还没找到关键。",
    ),
    "gradients": Caption(
        "Norms of the gradients at each step, before clipping, on a logarithmic axis; dotted: the norm that "
        "the whole gradient may have. Look at the first panel for the spike, and at what is left of the "
        "gradient after it.",
        "每一步截断前各梯度的范数（对数轴）；点线为整个梯度允许的范数。先在第一幅图里找尖峰，再看尖峰之后梯度还"
        "剩多少。",
    ),
    "gates": Caption(
        "Read in the order of the numbers. 1 forget gate: where it is yellow, the unit keeps what it has. 2 "
        "input gate and 3 candidate: how much is taken in, and of what. 4 cell state: forget gate times the "
        "cell before, plus input gate times candidate; stripes that run on to the end are memory. 5 output "
        "gate and 6 hidden state: what is shown of it. 7 the probability of the right answer, if it were asked "
        "for after each digit.",
        "请按编号阅读。1 遗忘门：黄色处，单元保留原有内容。2 输入门与 3 候选值：写入多少、写入什么。4 单元状态"
        "：遗忘门乘以前一步的单元状态，再加上输入门乘以候选值；一直延伸到末尾的条纹就是记忆。5 输出门与 6 隐状"
        "态：其中有多少对外可见。7 假如在每个数字之后就提问，正确答案的概率。",
    ),
    "speed": Caption(
        "Milliseconds of a call, shorter is better; the axis is logarithmic, so that equal distances are equal ratios.",
        "每次调用的毫秒数，越短越好；横轴为对数轴，距离相等表示倍数相等。",
    ),
    "layer_norm": Caption(
        "Losses of the same classifier with and without layer normalisation; left: training, right: dev. "
        "Compare after how many steps each is as low.",
        "同一个分类器有无层归一化时的损失；左为训练集，右为验证集。比较两者各用多少步降到同样低。",
    ),
    "padding": Caption(
        "The same texts with more and more padding behind them. Read at the last padded step, a network has to "
        "remember across the padding; read at the last token, it does not.",
        "同样的文本，后面补齐得越来越长。若读最后一个补齐步，网络必须跨过补齐部分去记忆；若读最后一个词元，则不必。",
    ),
}
# Of the sections of the page, by experiment: the question that each answers, in the order of the page.
QUESTIONS = {
    "lengths": Caption(
        "How far back does a network remember?",
        "网络能记住多久以前的内容？",
    ),
    "learning-rates": Caption(
        "Does it depend on the learning rate?",
        "这与学习率有关吗？",
    ),
    "explosion": Caption(
        "What goes wrong when gradients explode?",
        "梯度爆炸时会出什么问题？",
    ),
    "gates": Caption(
        "How does an LSTM hold on to what it read?",
        "LSTM 怎样把读到的内容保留下来？",
    ),
    "suite": Caption(
        "Which cell can do what?",
        "哪种单元能做到什么？",
    ),
    "speed": Caption(
        "What does a step cost?",
        "一步要花多少时间？",
    ),
    "normalisation": Caption(
        "What do normalisation and padding do to a classifier?",
        "归一化与补齐对分类器有什么影响？",
    ),
}
READING_ORDER = Caption(
    "Read from top to bottom: first what is remembered, then why not, then how.",
    "请从上往下读：先看记住了什么，再看为什么记不住，最后看怎样记住。",
)
