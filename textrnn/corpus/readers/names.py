"""What people call the columns of text and label, in English and Chinese."""

from __future__ import annotations

import re

TEXT_NAMES = [
    *["text", "title", "headline", "sentence", "content", "review", "comment", "message", "document", "body"],
    *["question", "query", "tweet", "description", "sms", "summary", "utterance", "review_text", "comment_text"],
    *[
        "review_body",
        "full_text",
        "raw_text",
        "clean_text",
        "post",
        "article",
        "news",
        "abstract",
        "feedback",
        "opinion",
    ],
    *["phrase", "statement", "remark", "remarks", "input", "prompt", "transcript", "email", "subject", "note", "notes"],
    *[
        "文本",
        "标题",
        "内容",
        "正文",
        "句子",
        "评论",
        "短信",
        "新闻",
        "新闻标题",
        "评论内容",
        "评价内容",
        "文本内容",
        "留言",
    ],
    *[
        "反馈",
        "意见",
        "评价",
        "描述",
        "问题",
        "问句",
        "摘要",
        "微博",
        "弹幕",
        "原文",
        "语句",
        "文章",
        "消息",
        "对话",
        "备注",
        "说明",
    ],
]
LABEL_NAMES = [
    *["label", "labels", "class", "category", "target", "sentiment", "topic", "tag", "intent", "polarity"],
    *[
        "label_name",
        "class_name",
        "label_desc",
        "class_index",
        "y",
        "cat",
        "stars",
        "star",
        "rating",
        "ratings",
        "star_rating",
        "score",
    ],
    *["emotion", "classification", "gold", "gold_label", "categories", "tags", "choices", "cls", "genre", "section"],
    *["overall", "is_spam", "spam", "grade", "department", "type", "annotation", "annotations"],
    *[
        "标签",
        "类别",
        "分类",
        "类",
        "情感",
        "类型",
        "评分",
        "分类结果",
        "情感倾向",
        "情感极性",
        "标注",
        "标注结果",
        "类目",
        "星级",
    ],
    *[
        "打分",
        "得分",
        "分数",
        "等级",
        "极性",
        "意图",
        "主题",
        "话题",
        "领域",
        "频道",
        "栏目",
        "情绪",
        "满意度",
        "评级",
        "态度",
    ],
]
TEXT_ENDS = ("内容", "文本", "标题", "正文", "评论", "原文", "描述", "意见")
LABEL_ENDS = ("类别", "分类", "标签", "结果", "类型", "评分", "星级", "等级", "类目", "极性", "倾向")
# A name with one of these is of something about the text, whatever else stands in it: review_id, comment_date.
NEITHER = {
    "id",
    "ids",
    "uid",
    "date",
    "time",
    "timestamp",
    "url",
    "link",
    "count",
    "length",
    "len",
    "num",
    "number",
    "index",
}
FAR = 1000  # rank of a name that only contains a known one
OF_ANSWERS = "predicted_"  # what answers of a file that has such columns already begin with


def rank_as_text(name: str) -> int | None:
    """How likely a column of this name holds the text, 0 the likeliest; None if the name says nothing of the kind."""
    return _rank(name, TEXT_NAMES, TEXT_ENDS)


def rank_as_label(name: str) -> int | None:
    """The same for the label."""
    return _rank(name, LABEL_NAMES, LABEL_ENDS)


def _rank(name: str, known: list[str], ends: tuple[str, ...]) -> int | None:
    plain = _plain(name)
    if plain in known:
        return known.index(plain)
    outer, _, inner = plain.rpartition(".")  # data.text is a key within a key
    if inner in known and not outer.startswith(OF_ANSWERS):
        return known.index(inner)
    words = [word for word in re.split(r"[_.]+", plain) if word]
    if len(words) > 1 and not NEITHER.intersection(words):
        ranks = [known.index(word) for word in words if word in known]
        if ranks:
            return FAR + min(ranks)
    if plain.endswith(ends) and not plain.isascii():
        return 2 * FAR
    return None


def _plain(name: str) -> str:
    """``Review Text``, ``review-text`` and ``reviewText`` -> ``review_text``."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip().strip('"').strip())
    return re.sub(r"[\s\-/]+", "_", name).casefold()
