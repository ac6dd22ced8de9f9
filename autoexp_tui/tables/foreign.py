"""Words of other languages in headers and verdict columns, and the English ones for them."""

from __future__ import annotations

import re
from functools import lru_cache

_NAMES = {
    # German
    "verlust": "loss", "fehler": "error", "fehlerrate": "error rate", "fehlerquote": "error rate",
    "genauigkeit": "accuracy", "trefferquote": "recall", "güte": "quality", "punktzahl": "score",
    "punkte": "points", "bewertung": "score", "dauer": "duration", "laufzeit": "runtime",
    "rechenzeit": "runtime", "zeit": "time", "zeitpunkt": "timestamp", "datum": "date",
    "uhrzeit": "time", "sekunden": "seconds", "minuten": "minutes", "stunden": "hours",
    "speicher": "memory", "speicherbedarf": "memory", "größe": "size", "groesse": "size",
    "kosten": "cost", "durchsatz": "throughput", "latenz": "latency", "gewinn": "profit",
    "abweichung": "deviation", "ertrag": "yield", "ausbeute": "yield", "wirkungsgrad": "efficiency",
    "lauf": "run", "versuch": "trial", "nr": "number", "nummer": "number", "schritt": "step",
    "durchgang": "run", "runde": "round", "epoche": "epoch", "zustand": "state",
    "urteil": "verdict", "entscheidung": "decision", "ergebnis": "result", "behalten": "kept",
    "übernommen": "accepted", "angenommen": "accepted", "beschreibung": "description",
    "bemerkung": "note", "anmerkung": "note", "notiz": "note", "kommentar": "comment",
    "änderung": "change", "aenderung": "change", "idee": "idea", "hypothese": "hypothesis",
    "lernrate": "lr", "stapelgröße": "batch", "schichten": "layers", "einheit": "unit",
    "validierung": "val", "validierungs": "val", "validations": "val", "trainings": "train",
    "mittlere": "mean", "mittlerer": "mean", "mittleres": "mean", "mittelwert": "mean",
    "gesamt": "overall", "kontrolle": "control", "referenz": "reference", "zeile": "row",
    # French
    "perte": "loss", "erreur": "error", "précision": "accuracy", "exactitude": "accuracy",
    "rappel": "recall", "durée": "duration", "duree": "duration", "temps": "time", "heure": "time",
    "mémoire": "memory", "coût": "cost", "cout": "cost", "débit": "throughput", "taille": "size",
    "latence": "latency", "récompense": "reward", "essai": "trial", "numéro": "number",
    "étape": "step", "époque": "epoch", "état": "state", "statut": "status",
    "décision": "decision", "résultat": "result", "gardé": "kept", "conservé": "kept",
    "remarque": "note", "commentaire": "comment", "changement": "change", "idée": "idea",
    "hypothèse": "hypothesis", "moyenne": "mean", "entraînement": "train", "écart": "deviation",
    "témoin": "control", "référence": "reference", "rendement": "yield",
    # Spanish, Portuguese, Italian
    "pérdida": "loss", "perdida": "loss", "perda": "loss", "perdita": "loss", "erro": "error",
    "errore": "error", "exactitud": "accuracy", "acurácia": "accuracy", "acuracia": "accuracy",
    "precisión": "accuracy", "precisão": "accuracy", "accuratezza": "accuracy",
    "precisione": "accuracy", "puntuación": "score", "puntaje": "score", "pontuação": "score",
    "punteggio": "score", "duración": "duration", "duração": "duration", "durata": "duration",
    "tiempo": "time", "tempo": "time", "fecha": "date", "memoria": "memory", "memória": "memory",
    "tamaño": "size", "tamanho": "size", "dimensione": "size", "costo": "cost", "custo": "cost",
    "rendimiento": "throughput", "latencia": "latency", "latência": "latency",
    "latenza": "latency", "recompensa": "reward", "ricompensa": "reward", "ganancia": "profit",
    "iteración": "iteration", "iteração": "iteration", "iterazione": "iteration",
    "prueba": "trial", "prova": "trial", "ensayo": "trial", "número": "number", "numero": "number",
    "ronda": "round", "época": "epoch", "epoca": "epoch", "paso": "step", "passo": "step",
    "estado": "status", "stato": "status", "decisión": "decision", "decisão": "decision",
    "decisione": "decision", "resultado": "result", "risultato": "result",
    "aceptado": "accepted", "aceito": "accepted", "accettato": "accepted",
    "descripción": "description", "descrição": "description", "descrizione": "description",
    "nota": "note", "notas": "notes", "observación": "note", "comentario": "comment",
    "cambio": "change", "mudança": "change", "modifica": "change", "hipótesis": "hypothesis",
    "hipótese": "hypothesis", "ipotesi": "hypothesis", "validación": "val", "validação": "val",
    "validazione": "val", "entrenamiento": "train", "treino": "train", "media": "mean",
    "média": "mean", "referencia": "reference",
    # Dutch, Polish, Swedish, Turkish
    "verlies": "loss", "fout": "error", "nauwkeurigheid": "accuracy", "duur": "duration",
    "tijd": "time", "poging": "trial", "besluit": "decision", "omschrijving": "description",
    "opmerking": "note", "strata": "loss", "błąd": "error", "dokładność": "accuracy",
    "czas": "time", "próba": "trial", "decyzja": "decision", "opis": "description",
    "wynik": "score", "uwagi": "notes", "förlust": "loss", "fel": "error",
    "noggrannhet": "accuracy", "försök": "trial", "beslut": "decision",
    "beskrivning": "description",
    "kay\u0131p": "loss", "hata": "error", "doğruluk": "accuracy", "deneme": "trial",
    "karar": "decision", "aç\u0131klama": "description", "süre": "duration", "durum": "status",
    # Russian
    "потеря": "loss", "потери": "loss", "лосс": "loss", "ошибка": "error", "ошибки": "errors",
    "погрешность": "error", "точность": "accuracy", "полнота": "recall", "качество": "quality",
    "оценка": "score", "балл": "score", "баллы": "score", "длительность": "duration",
    "время": "time", "дата": "date", "секунды": "seconds", "сек": "sec", "память": "memory",
    "размер": "size", "стоимость": "cost", "задержка": "latency", "скорость": "throughput",
    "награда": "reward", "прибыль": "profit", "запуск": "run", "прогон": "run", "опыт": "trial",
    "эксперимент": "experiment", "попытка": "trial", "номер": "number", "шаг": "step",
    "эпоха": "epoch", "итерация": "iteration", "статус": "status", "состояние": "state",
    "решение": "decision", "вердикт": "verdict", "результат": "result", "принято": "accepted",
    "описание": "description", "заметка": "note", "заметки": "notes", "примечание": "note",
    "комментарий": "comment", "изменение": "change", "идея": "idea", "гипотеза": "hypothesis",
    "валидация": "val", "валидации": "val", "вал": "val", "тест": "test", "тесте": "test",
    "обучение": "train", "обучения": "train", "средняя": "mean", "среднее": "mean", "№": "number",
    "контроль": "control", "эталон": "reference",
    # Danish, Norwegian, Finnish
    "fejl": "error", "feil": "error", "nøjagtighed": "accuracy", "nøyaktighet": "accuracy",
    "forsøg": "trial", "forsøk": "trial", "ændring": "change", "endring": "change",
    "beslutning": "decision", "beskrivelse": "description", "varighed": "duration",
    "varighet": "duration", "häviö": "loss", "virhe": "error", "tarkkuus": "accuracy",
    "yritys": "trial", "muutos": "change", "päätös": "decision", "kuvaus": "description",
    "kesto": "duration", "aika": "time", "pisteet": "score", "tulos": "result", "ändring": "change",
    "tulokset": "results",
    # Czech, Slovak, Hungarian, Romanian, Greek
    "ztráta": "loss", "chyba": "error", "přesnost": "accuracy", "presnosť": "accuracy",
    "skóre": "score", "pokus": "trial", "změna": "change", "zmena": "change",
    "rozhodnutí": "decision", "rozhodnutie": "decision", "popis": "description", "čas": "time",
    "poznámka": "note", "výsledek": "result", "veszteség": "loss", "hiba": "error",
    "pontosság": "accuracy", "pontszám": "score", "kísérlet": "trial", "változás": "change",
    "változtatás": "change", "döntés": "decision", "leírás": "description", "idő": "time",
    "pierdere": "loss", "eroare": "error", "acuratețe": "accuracy", "scor": "score",
    "încercare": "trial", "schimbare": "change", "decizie": "decision", "descriere": "description",
    "durată": "duration", "timp": "time", "απώλεια": "loss", "σφάλμα": "error",
    "ακρίβεια": "accuracy", "βαθμολογία": "score", "δοκιμή": "trial", "αλλαγή": "change",
    "απόφαση": "decision", "περιγραφή": "description", "χρόνος": "time",
    # Ukrainian
    "втрата": "loss", "втрати": "loss", "помилка": "error", "похибка": "error",
    "точність": "accuracy", "оцінка": "score", "спроба": "trial", "зміна": "change",
    "рішення": "decision", "опис": "description", "час": "time", "тривалість": "duration",
    "стан": "status", "крок": "step", "валідації": "val",
    # Vietnamese, Indonesian, Arabic
    "lỗi": "error", "điểm": "score", "kerugian": "loss", "kesalahan": "error", "galat": "error",
    "akurasi": "accuracy", "skor": "score", "percobaan": "trial", "perubahan": "change",
    "keputusan": "decision", "keterangan": "description", "waktu": "time", "durasi": "duration",
    "الخسارة": "loss", "خسارة": "loss",
    "الخطأ": "error", "خطأ": "error", "الدقة": "accuracy", "دقة": "accuracy", "النتيجة": "score",
    "التجربة": "experiment", "تجربة": "experiment", "القرار": "decision", "قرار": "decision",
    "التغيير": "change", "الوصف": "description", "الوقت": "time", "المدة": "duration",
}  # fmt: skip

_JOINED = {
    # Chinese
    "损失": "loss", "误差": "error", "错误率": "error rate", "错误": "errors", "准确率": "accuracy",
    "准确度": "accuracy", "正确率": "accuracy", "精确率": "precision", "精度": "accuracy",
    "召回率": "recall", "得分": "score", "分数": "score", "评分": "score", "总分": "score",
    "指标": "metric", "吞吐量": "throughput", "吞吐": "throughput", "延迟": "latency",
    "时延": "latency", "奖励": "reward", "回报": "reward", "收益率": "return", "收益": "profit",
    "夏普": "sharpe", "回撤": "drawdown", "困惑度": "perplexity", "耗时": "duration",
    "时长": "duration", "用时": "duration", "时间戳": "timestamp", "时间": "time", "日期": "date",
    "秒": "seconds", "分钟": "minutes", "内存": "memory", "显存": "vram", "大小": "size",
    "成本": "cost", "费用": "cost", "轮次": "round", "轮": "round", "序号": "number",
    "编号": "number", "步数": "steps", "步": "step", "实验": "experiment", "试验": "trial",
    "迭代": "iteration", "状态": "status", "判定": "verdict", "决定": "decision",
    "决策": "decision", "结论": "verdict", "结果": "result", "保留": "kept", "采纳": "accepted",
    "描述": "description", "说明": "description", "备注": "note", "注释": "comment",
    "修改": "change", "改动": "change", "想法": "idea", "假设": "hypothesis", "提交": "commit",
    "验证集": "val", "验证": "val", "测试集": "test", "测试": "test", "训练集": "train",
    "训练": "train", "平均": "mean", "学习率": "lr", "批大小": "batch", "对照": "control",
    "参考": "reference", "基线": "baseline", "最佳": "best",
    # Japanese
    "損失": "loss", "誤差": "error", "誤り率": "error rate", "エラー": "error",
    "正解率": "accuracy", "正答率": "accuracy", "適合率": "precision", "再現率": "recall",
    "スコア": "score", "得点": "score", "遅延": "latency", "レイテンシ": "latency",
    "スループット": "throughput", "報酬": "reward", "所要時間": "duration", "実行時間": "runtime",
    "時間": "time", "時刻": "time", "日時": "datetime", "日付": "date", "メモリ": "memory",
    "サイズ": "size", "コスト": "cost", "番号": "number", "回": "round", "実験": "experiment",
    "試行": "trial", "エポック": "epoch", "ステップ": "step", "状態": "status", "採否": "decision",
    "採用": "accepted", "結果": "result", "説明": "description", "備考": "note", "メモ": "note",
    "変更": "change", "仮説": "hypothesis", "検証": "val", "評価": "eval", "学習": "train",
    "訓練": "train", "コミット": "commit",
    # Korean
    "손실": "loss", "오차": "error", "오류": "error", "정확도": "accuracy", "점수": "score",
    "지연": "latency", "처리량": "throughput", "보상": "reward", "시간": "time", "날짜": "date",
    "메모리": "memory", "크기": "size", "비용": "cost", "번호": "number", "실험": "experiment",
    "시도": "trial", "단계": "step", "상태": "status", "판정": "verdict", "결정": "decision",
    "결과": "result", "설명": "description", "비고": "note", "메모": "note", "변경": "change",
    "가설": "hypothesis", "검증": "val", "평가": "eval", "학습": "train", "테스트": "test",
    "평균": "mean",
}  # fmt: skip
"""Words of scripts that leave no space between them."""

_VERDICTS = {
    "keep": "behalten beibehalten übernommen angenommen akzeptiert verbessert besser gardé gardée"
    " garder conservé conservée retenu retenue accepté acceptée adopté amélioré mantener"
    " mantenido mantenida conservado aceptado aceptada mejora mejorado mantido mantida aceito"
    " aceita melhorou tenuto tenuta accettato accettata mantenuto migliorato behouden"
    " geaccepteerd zachowane zachowano przyjęte behållen behåll tutuldu kabul оставить оставлено"
    " оставлен оставили принято принят принять улучшение лучше сохранено"
    " behold beholdt bevar beholdes godkendt akseptert hyväksytty säilytetty pidetty parempi"
    " ponechat ponecháno ponechané přijato přijmout prijaté megtartva megtart elfogadva păstrat"
    " acceptat διατηρήθηκε αποδεκτό прийнято прийнятий залишено залишити краще giữ dipertahankan"
    " diterima مقبول مقبولة محفوظ",
    "discard": "verworfen verwerfen abgelehnt zurückgesetzt zurückgenommen zurückgerollt schlechter"
    " rejeté rejetée abandonné abandonnée annulé annulée écarté refusé descartado descartada"
    " rechazado rechazada revertido revertida peor rejeitado rejeitada pior scartato scartata"
    " rifiutato annullato peggiorato verworpen afgewezen teruggedraaid odrzucone odrzucono"
    " cofnięte förkastad återställd reddedildi отклонено отклонен отклонён отброшено откат"
    " откатили отменено отменён хуже"
    " forkast forkastet afvist avvist hylätty hylätään huonompi zamítnout zamítnuto zamietnuté"
    " zahodit zahozeno elvetve elvet visszavonva elutasítva respins anulat απορρίφθηκε απόρριψη"
    " відхилено відхилений відкинуто відкочено скасовано гірше ditolak dibatalkan مرفوض"
    " مرفوضة",
    "crash": "fehlgeschlagen abgestürzt absturz fehler abgebrochen gescheitert échec échoué planté"
    " erreur fallo fallido falló error erro falha falhou fallito errore mislukt niepowodzenie błąd"
    " misslyckades başar\u0131s\u0131z ошибка сбой упало упал неудача провал"
    " nedbrud mislykket mislyktes epäonnistui kaatui selhalo selhání pád sikertelen eșuat"
    " αποτυχία провалено помилка збій gagal فشل",
    "baseline": "basis basislinie ausgangswert ausgangslage référence départ línea_base inicio"
    " linha_base início riferimento база базовый бейзлайн"
    " udgangspunkt utgangspunkt lähtötaso výchozí kiindulás alapvonal bázis початок початковий",
    "skip": "übersprungen läuft offen ignoré omitido saltato пропущено",
    "ok": "fertig abgeschlossen terminé réussi terminado completado concluído completato"
    " zakończone готово завершено успешно",
}  # fmt: skip
_JOINED_VERDICTS = {
    "discard": "不采用 不采纳 未采纳 未采用 不保留 未保留 不接受 未改进 无改进 没有改进 无提升"
    " 回滚 回退 撤销 丢弃 舍弃 放弃 弃用 拒绝 否决 变差 更差 恶化 不採用 却下 破棄 棄却 悪化"
    " 巻き戻し 取り消し 폐기 기각 거부 되돌림 제외 악화",
    "crash": "失败 崩溃 错误 异常 超时 报错"
    " 失敗 クラッシュ エラー 異常 실패 오류 충돌",
    "baseline": "基线 基准 初始 ベースライン 基準 初期 기준 베이스라인",
    "keep": "保留 采纳 采用 接受 通过 改进 提升 更好 最佳 合并"
    " 採用 維持 保持 改善 受理 유지 채택 수락 개선",
    "skip": "跳过 持平 不变 待定 保留中 スキップ 保留中 건너뜀 보류",
    "ok": "完成 成功 已完成 完了 완료 성공",
}  # fmt: skip


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word.replace("_", " "): english for english, words in table.items()
            for word in words.split()}  # fmt: skip


def _longest_first(words: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))


_VERDICT_WORDS = _by_word(_VERDICTS)
_VERDICT_PARTS = _by_word(_JOINED_VERDICTS)
_NAME_PART = _longest_first(_JOINED)
_VERDICT_PART = _longest_first(_VERDICT_PARTS)
_ENDINGS = tuple(word for word in sorted(_NAMES, key=len, reverse=True) if len(word) >= 4)
_COMPOUND = 7
"""Letters that a word must have before it is taken for one made of several."""
_LATIN = re.compile(r"[a-z0-9%]+")
_UNJOINED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(maxsize=4096)
def english(word: str) -> tuple[str, ...]:
    """The English words that a word of a name stands for, in lower case; itself where unknown.

    `validierungsverlust` gives val, loss; `验证损失` gives val, loss.
    """
    if known := _NAMES.get(word):
        return tuple(known.split())
    if word.isascii():
        return _parts_of_compound(word)
    if _UNJOINED.search(word):
        found: list[str] = []
        at = 0
        for part in _NAME_PART.finditer(word):
            found += _LATIN.findall(word[at : part.start()])
            found += _JOINED[part.group()].split()
            at = part.end()
        return tuple(found + _LATIN.findall(word[at:])) if found else (word,)
    return _parts_of_compound(word)


def _parts_of_compound(word: str) -> tuple[str, ...]:
    """`testgenauigkeit` as test, accuracy: by a known word at its end."""
    if len(word) < _COMPOUND:
        return (word,)
    for end in _ENDINGS:
        start = word.removesuffix(end)
        if start != word and len(start) >= 4 and (start in _STARTS or len(end) >= 6):
            return (_STARTS.get(start, start), *_NAMES[end].split())
    return (word,)


_STARTS = {
    "test": "test", "trainings": "train", "validierungs": "val", "validations": "val",
    "gesamt": "overall", "mittel": "mean", "prüf": "test", "ziel": "target", "wort": "word",
    "vorhersage": "prediction", "lauf": "run", "rechen": "compute", "speicher": "memory",
}  # fmt: skip


@lru_cache(maxsize=4096)
def english_verdict(text: str) -> str:
    """The English verdict that a lower-case text holds in another language; empty without one."""
    if text in _VERDICT_WORDS:
        return _VERDICT_WORDS[text]
    if text.isascii() and " " not in text:
        return ""
    if _UNJOINED.search(text) and (match := _VERDICT_PART.search(text)):
        return _VERDICT_PARTS[match.group()]
    return next(
        (_VERDICT_WORDS[word] for word in re.findall(r"[^\W\d_]+", text) if word in _VERDICT_WORDS),
        "",
    )


def known_words(text: str) -> int:
    """How many words of other languages a text holds that stand in headers or verdict columns."""
    joined = len(_NAME_PART.findall(text)) + len(_VERDICT_PART.findall(text))
    words = re.findall(r"[^\W\d_]+", text.lower())
    return joined + sum(not word.isascii() and (word in _NAMES or word in _VERDICT_WORDS)
                        for word in words)  # fmt: skip
