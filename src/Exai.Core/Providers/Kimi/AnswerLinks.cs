using System.Text.RegularExpressions;

namespace Exai.Core.Providers.Kimi;

/// <summary>The links in an answer: the only sources that are told where a search lists none.</summary>
internal static partial class AnswerLinks
{
    public static IEnumerable<WebSource> Find(string answer) =>
        from Match match in Link().Matches(answer)
        let link = match.Groups["link"].Value.TrimEnd('.', ',', ';', ':', '!', '?', '*', '_', '。', '，')
        let title = match.Groups["title"].Value.Trim()
        select new WebSource(title.Length > 0 ? title : link, link);

    // A link may hold brackets of its own only in pairs, so those end it that open before it.
    [GeneratedRegex("""(?:\[(?<title>[^\[\]\r\n]{1,200})\]\()?(?<link>https?://[^\s<>()\[\]"'`，。）】、]+(?:\([^\s<>()]*\)[^\s<>()\[\]"'`，。）】、]*)*)""", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Link();
}
