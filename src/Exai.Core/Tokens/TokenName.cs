namespace Exai.Core.Tokens;

/// <summary>How a token may be called: what stands in logs, session names and the command line without quotes.</summary>
public static class TokenName
{
    public const int Longest = 64;

    /// <summary>What the home's own token is called where people read it.</summary>
    public const string Owner = "owner";

    /// <summary>Why a name cannot be used; null when it can.</summary>
    public static string? Problem(string name) =>
        name.Length is 0 or > Longest ? $"it has {name.Length} characters; it may have 1 to {Longest}"
        : !char.IsAsciiLetterLower(name[0]) && !char.IsAsciiDigit(name[0]) ? "it must begin with a small letter or a digit"
        : name.FirstOrDefault(letter => !IsAllowed(letter)) is var wrong and not '\0' ? $"it holds '{wrong}'; it may hold a-z, 0-9, '.', '-', '_' and '@'"
        : name == Owner ? "that is what the home's own token is called"
        : null;

    private static bool IsAllowed(char letter) => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-' or '_' or '@';
}
