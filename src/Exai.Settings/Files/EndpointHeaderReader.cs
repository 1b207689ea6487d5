using System.Text;
using System.Text.Json;

namespace Exai.Settings;

/// <summary>
/// The headers of one endpoint. A value may hold <c>${NAME}</c>, which stands for a variable; a header that authenticates must, because
/// the file is no place for secrets.
/// </summary>
internal static class EndpointHeaderReader
{
    public static Dictionary<string, string> Read(JsonMembers endpoint, SettingsVariables variables, ISet<string> missing)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (endpoint.Find("headers") is not { } place)
        {
            return headers;
        }

        if (place.Kind != JsonTokenType.StartObject)
        {
            endpoint.Refuse(place, "must be an object of names and values", "Write { \"Header-Name\": \"value\" }");
            return headers;
        }

        foreach (var (name, value) in place.Members)
        {
            if (Check(name, value) is var (message, mend))
            {
                endpoint.Refuse(value, null, message, mend);
            }
            else if (!headers.TryAdd(name, Expand(value.Text, variables, missing)))
            {
                endpoint.Refuse(value, null, "this header stands twice", "Remove one");
            }
        }

        return headers;
    }

    private static (string Message, string Mend)? Check(string name, JsonPlace value)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(HeaderNameCharacters))
        {
            return ("this is no header's name", "Use letters, digits and dashes");
        }

        if (name.ToUpperInvariant() is "HOST" or "CONNECTION" or "TRANSFER-ENCODING" or "CONTENT-TYPE" or "CONTENT-LENGTH" or "ACCEPT")
        {
            return ("this header belongs to the protocol", "Remove it");
        }

        if (value.Kind != JsonTokenType.String || value.Text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return ("must be a text of printable ASCII", "Correct it");
        }

        var named = Variables(value.Text);
        if (named is null)
        {
            return ("holds a '${' that is not closed, or a name that is none", "Write ${NAME} with letters, digits and '_'");
        }

        return named.Count == 0 && (Secrets.IsNamedLikeKey(name) || Secrets.LooksLikeKey(value.Text))
            ? ("keys do not belong into this file, which people share and commit",
                $"Put the secret into the .env file of EXAI_HOME as NAME=secret, and write \"{name}\": \"${{NAME}}\" here")
            : null;
    }

    private static readonly System.Buffers.SearchValues<char> HeaderNameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly System.Buffers.SearchValues<char> VariableCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>The variables that a text mentions; null when one is mentioned wrongly.</summary>
    private static List<string>? Variables(string text)
    {
        var names = new List<string>();
        for (var at = text.IndexOf("${", StringComparison.Ordinal); at >= 0; at = text.IndexOf("${", at + 2, StringComparison.Ordinal))
        {
            var end = text.IndexOf('}', at);
            if (end <= at + 2 || text.AsSpan(at + 2, end - at - 2).ContainsAnyExcept(VariableCharacters))
            {
                return null;
            }

            names.Add(text[(at + 2)..end]);
        }

        return names;
    }

    private static string Expand(string text, SettingsVariables variables, ISet<string> missing)
    {
        var expanded = new StringBuilder(text);
        foreach (var name in Variables(text) ?? [])
        {
            if (variables.Find(name) is { } value)
            {
                expanded.Replace("${" + name + "}", value.Trim());
            }
            else
            {
                missing.Add(name);
            }
        }

        return expanded.ToString();
    }
}
