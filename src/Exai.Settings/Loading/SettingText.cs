using System.Globalization;

namespace Exai.Settings;

/// <summary>Reads one setting's text by its kind, and shows it without its secrets.</summary>
internal static class SettingText
{
    /// <summary>What is wrong with the text, in words that follow the setting's name; null when nothing is.</summary>
    public static string? Check(SettingDefinition definition, string text)
    {
        var error = definition.Kind switch
        {
            SettingKind.Integer or SettingKind.Port =>
                TryInteger(text, out var whole) && InLimits(definition, whole) ? null : $"must be a whole number {Limits(definition)}",
            SettingKind.Seconds =>
                TryNumber(text, out var seconds) && InLimits(definition, seconds) ? null : $"must be a number of seconds {Limits(definition)}, without a unit",
            SettingKind.Number =>
                TryNumber(text, out var number) && InLimits(definition, number) ? null : $"must be a number {Limits(definition)}",
            SettingKind.Bool => TryBool(text, out _) ? null : "must be true, false, 1, 0, yes or no",
            SettingKind.Url => CheckUrl(text),
            SettingKind.List => SplitList(text).Length > 0 ? null : "must hold at least one value",
            SettingKind.Choice => FindChoice(definition, text) is null ? $"must be one of {string.Join(", ", definition.Choices)}" : null,
            SettingKind.Secret => CheckSecret(definition, text),
            _ => text.AsSpan().IndexOfAnyInRange('\0', '\u001F') < 0 ? null : "must not hold control characters",
        };

        return error ?? definition.Rule?.Invoke(text);
    }

    /// <summary>The text as it may be shown.</summary>
    public static string Display(SettingDefinition definition, string text)
    {
        if (definition.Kind == SettingKind.Secret)
        {
            return $"(hidden, {text.Length} characters)";
        }

        // A password may stand in an address even where none is allowed.
        if (definition.Kind == SettingKind.Url && text.Contains('@', StringComparison.Ordinal))
        {
            return "(hidden, holds '@')";
        }

        var (user, host) = (text.IndexOf("://", StringComparison.Ordinal), text.LastIndexOf('@'));
        return definition.Kind == SettingKind.Text && user >= 0 && host > user ? $"{text[..user]}://(hidden){text[host..]}" : text;
    }

    public static bool TryInteger(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    public static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
        && double.IsFinite(value);

    public static bool TryBool(string text, out bool value)
    {
        value = text.ToUpperInvariant() is "TRUE" or "1" or "YES";
        return value || text.ToUpperInvariant() is "FALSE" or "0" or "NO";
    }

    public static string[] SplitList(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public static string? FindChoice(SettingDefinition definition, string text)
    {
        foreach (var choice in definition.Choices)
        {
            if (string.Equals(choice, text, StringComparison.OrdinalIgnoreCase))
            {
                return choice;
            }
        }

        return null;
    }

    public static bool StartsWithUserHome(string path) => path == "~" || path.StartsWith("~/", StringComparison.Ordinal);

    /// <summary>The limits in words, with the unit.</summary>
    public static string Limits(SettingDefinition definition)
    {
        var min = definition.Kind == SettingKind.Port ? 0 : definition.Min;
        var max = definition.Kind == SettingKind.Port ? 65_535 : definition.Max;
        var unit = definition.Unit.Length == 0 || definition.Kind == SettingKind.Seconds ? "" : " " + definition.Unit;
        return string.Create(CultureInfo.InvariantCulture, $"from {min} to {max}{unit}");
    }

    private static bool InLimits(SettingDefinition definition, double value) =>
        definition.Kind == SettingKind.Port
            ? value is >= 0 and <= 65_535
            : value >= (definition.Min ?? double.MinValue) && value <= (definition.Max ?? double.MaxValue);

    public static string? CheckUrl(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            return "must be an absolute http or https address";
        }

        return uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0 ? null : "must hold no user name, password, query or fragment";
    }

    private static string? CheckSecret(SettingDefinition definition, string text)
    {
        if (text.Length < (definition.Min ?? 0))
        {
            return $"must have at least {definition.Min} characters, and this has {text.Length}";
        }

        // It travels in a header, where anything else fails later and less clearly.
        return text.AsSpan().ContainsAnyExceptInRange('!', '~') ? "must be printable ASCII without spaces" : null;
    }
}
