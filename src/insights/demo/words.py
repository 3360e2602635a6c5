"""Names, places and other words of the demo bank, in English and in Chinese. All people are made up."""

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "family": "Müller|Meier|Keller|Rossi|Favre|Dubois|Weber|Huber|Bernasconi|Graf|Brunner|Lüthi|Smith|Novak|Fischer"
        "|Baumann|Frei|Moser|Zürcher|Gerber|Hofmann|Morel|Bianchi|Suter|Kaufmann|Wyss|Bühler|Roth|Jones|Martin",
        "given_female": "Anna|Claire|Elena|Franziska|Giulia|Hélène|Irene|Laura|Maria|Nora|Sophie|Ursula|Vera|Zoé",
        "given_male": "Andreas|Bruno|Carlo|Daniel|Émile|Felix|Georg|Hans|Jürg|Luca|Marc|Paul|Reto|Thomas",
        "region": "Zürich|Geneva|Basel|Bern|Vaud|St. Gallen|Ticino",
        "occupation": "business owner|executive|physician|lawyer|engineer|retired|civil servant|farmer|artist|heir",
        "income_band": "below 150k|150k to 300k|300k to 600k|600k to 1m|above 1m",
        "interest": "golf|sailing|classical music|art|wine|skiing|philanthropy|education",
        "source": "referral|branch|event|online|intermediary",
        "language": "German|French|Italian|English",
        "call": "please call +41 79 555 {:02d} {:02d}",
    },
    "zh-CN": {
        "family": "王|李|张|刘|陈|杨|赵|黄|周|吴|徐|孙|胡|朱|高|林|何|郭|马|罗|梁|宋|郑|谢|韩|唐|冯|于|董|萧",
        "given_female": "芳|娜|秀英|敏|静|丽|艳|娟|霞|秀兰|雪梅|晓燕|婷|玉兰",
        "given_male": "伟|强|磊|军|洋|勇|杰|涛|明|超|建国|志强|海波|文博",
        "region": "上海|北京|深圳|广州|杭州|成都|三亚",
        "occupation": "企业主|高管|医生|律师|工程师|退休|公务员|农场主|艺术家|继承人",
        "income_band": "100万以下|100万至300万|300万至500万|500万至1000万|1000万以上",
        "interest": "高尔夫|帆船|古典音乐|艺术|葡萄酒|滑雪|慈善|教育",
        "source": "客户推荐|网点|活动|线上|中介",
        "language": "简体中文|繁体中文|英文|日文",
        "call": "请致电 139 0000 {:02d}{:02d}",
    },
}
"""Language -> kind -> words in the order of the codes in the process; both languages have equally many."""


def words(language: str, kind: str) -> tuple[str, ...]:
    """Return the words of one kind; ``interests`` are every single interest and every pair of two."""
    if kind != "interests":
        return tuple(WORDS[language][kind].split("|"))
    single = words(language, "interest")
    pairs = [f"{a}; {b}" for i, a in enumerate(single) for b in single[i + 1 :]]
    return (*single, *pairs)


def count(kind: str) -> int:
    """Return how many words of a kind there are."""
    return len(words("en", kind))
