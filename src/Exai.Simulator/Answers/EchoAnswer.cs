namespace Exai.Simulator.Answers;

/// <summary>The answer nobody scripted: deterministic, readable, and showing what the provider was asked.</summary>
internal static class EchoAnswer
{
    private const int EchoedCharacters = 200;

    private static readonly string[] Plain =
    [
        "This text is made up so that there is something to stream.",
        "Every word of it depends on the request alone.",
        "The same question gets the same answer tomorrow.",
        "Nothing left this machine to produce it.",
    ];

    // A prompt beyond ASCII gets filler beyond ASCII, so that encoding is tested over the whole length of an answer.
    private static readonly string[] Wide =
    [
        "Größe und Maß bleiben gleich, déjà vu.",
        "同样的问题，明天也会得到同样的回答。",
        "Ничего не покинуло эту машину.",
        "Ende gut, alles gut 🚀.",
    ];

    public static string Compose(ChatRequest request)
    {
        var asked = request.LastUserText;
        var cut = Math.Min(EchoedCharacters, asked.Length);
        if (cut < asked.Length && char.IsHighSurrogate(asked[cut - 1]))
            cut--;
        return $"Simulated answer to: \"{asked[..cut]}\". I see {request.EarlierMessages} earlier messages.";
    }

    public static IReadOnlyList<string> Pieces(ChatRequest request, int? tokens)
    {
        var text = Compose(request);
        if (tokens is not { } wanted)
            return Tokens.Split(text);
        return Fill(text, wanted, Ascii(request.LastUserText) ? Plain : Wide);
    }

    /// <summary>Reasoning of exactly so many tokens.</summary>
    public static IReadOnlyList<string> Reasoning(ChatRequest request, int tokens) =>
        Fill($"The user asks about {request.LastUserText.Length} characters of text.", tokens, Ascii(request.LastUserText) ? Plain : Wide);

    private static List<string> Fill(string text, int tokens, string[] filler)
    {
        var pieces = new List<string>(Tokens.Split(text));
        for (var sentence = 0; pieces.Count < tokens; sentence++)
            pieces.AddRange(Tokens.Split(" " + filler[sentence % filler.Length]));
        return pieces[..tokens];
    }

    private static bool Ascii(string text) => text.All(char.IsAscii);
}
