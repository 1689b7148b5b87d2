"""The commonest characters of running text, by the East Asian encoding that is used for it.

An encoding gives many of them where it is the right one; bytes of any other, read as that one, give characters from all
over.
"""

from __future__ import annotations

HIRAGANA = "".join(map(chr, range(0x3041, 0x3094)))
COMMON = {
    "gb18030": (
        "的一是不了在人有我他这中大来上个国和也子时道说出而要于就下得可你年生自会那后能对着事其里所去行过"
        "家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从知使"
        "现回些动好问开新最高快买很真价格服务质量送收店客吃用月号日元万亿市股票涨跌房价球赛明星电影手机网"
        "游戏考试学校大全称为美国中国北京上海今年首次再被女男曝，。！？、：“”《》"
    ),
    "cp950": (
        "的一是不了在人有我他這中大來上個國和也子時道說出而要於就下得可你年生自會那後能對著事其裡所去行過"
        "家十用發天如然作方成者多日都三小軍二無同麼經法當起與好看學進種將還分此心前面又定見只主沒公從知使"
        "現回些動問開新最高快買很真價格服務質量送收店客吃月號元萬億市股票漲跌房球賽明星電影手機網遊戲考試"
        "學校臺灣台北美國中國財報導聞，。！？、：「」《》"
    ),
    "cp932": (
        HIRAGANA + "ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバ"
        "パヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロワヲンー、。「」日本人大年中会国"
    ),
    "cp949": (
        "이다는에의가을를고하지도은로한기사자어리서시나아해그대있일정수보게라주인만부스전장여구과면원제안"
        "들것적습니까요으성상동우오무공생각좋배송품질가격서비"
    ),
}
# Letters and marks of European languages, which stand alone or in pairs between letters of ASCII; by code page, the
# commonest first.
WESTERN = {
    "cp1252": "áéíóúñüäößàèìòùâêîôûëïçãõåæøœÁÉÍÓÚÑÜÄÖÀÈÂÊÇÅÆØ¿¡€’‘“”„–—…«»°ºª£§©®´·\xa0",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻčďěňřšťůžýáíéúČĎĚŇŘŠŤŮŽÝÁÍÉőűŐŰöüÖÜäâîăşţđ€’“”„–…»«°§\xa0",
    "cp1254": "çğıöşüÇĞİÖŞÜâîû€’“”–…«»°\xa0",
}
