using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tokens;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Cli.Commands;

/// <summary>
/// What a person wrote behind <c>--models</c>, as daemons compare it: each name led to its provider and id, by this home's settings and the catalogue.
/// No provider is asked.
/// </summary>
internal static class AllowedModels
{
    /// <param name="problems">Gets a line for each entry that cannot be meant.</param>
    /// <returns>The list, and what should be said about it.</returns>
    public static (ModelAllowance Allowed, IReadOnlyList<string> Notes) Read(string text, ExaiSettings settings, List<string> problems)
    {
        var catalogue = ModelCatalogue.Load().With(settings.DescribedModels);
        var configured = new ConfiguredProviders(settings, catalogue, TimeProvider.System);
        var providers = configured.All();
        try
        {
            var directory = new ModelDirectory(providers, catalogue) { Unusable = configured.Unusable() };
            return Read(text, directory, problems);
        }
        finally
        {
            foreach (var provider in providers)
            {
                provider.Client.Dispose();
            }
        }
    }

    private static (ModelAllowance Allowed, IReadOnlyList<string> Notes) Read(string text, ModelDirectory directory, List<string> problems)
    {
        var router = new ModelRouter(directory, ModelRouter.Auto);
        List<string> entries = [], notes = [];
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Entry(name, directory, router, notes, problems) is { } entry)
            {
                entries.Add(entry);
            }
        }

        if (entries.Count == 0 && problems.Count == 0)
        {
            problems.Add("--models names no model. Leave it out to allow all.");
        }

        return (new ModelAllowance([.. entries.Distinct(StringComparer.OrdinalIgnoreCase)]), notes);
    }

    private static string? Entry(string name, ModelDirectory directory, ModelRouter router, List<string> notes, List<string> problems)
    {
        if (name.Contains('*', StringComparison.Ordinal))
        {
            if (name.IndexOf('*', StringComparison.Ordinal) != name.Length - 1 || name.Split('/', 2) is not [{ Length: > 0 } provider, _])
            {
                problems.Add($"--models: '{name}' is no pattern; write provider/* or provider/beginning*.");
                return null;
            }

            if (directory.Provider(provider) is null)
            {
                notes.Add($"'{provider}' is no provider that this home has configured; '{name}' allows what daemons have of it.");
            }

            return name.ToLowerInvariant();
        }

        if (name.Equals(ModelRouter.Auto, StringComparison.OrdinalIgnoreCase))
        {
            problems.Add("--models: 'auto' is no model. It chooses among those that the list names.");
            return null;
        }

        try
        {
            var route = router.Resolve(new ModelQuestion { Model = name, SystemPrompt = "", Prompt = "" });
            return $"{route.Provider.Name}/{route.ModelId}";
        }
        catch (CallException failure)
        {
            // The daemons may have what this home has not.
            var entry = name.Contains('/', StringComparison.Ordinal) ? name : directory.Catalogue.Find(name) is { } known ? $"{known.Provider}/{known.Id}" : null;
            if (entry is null || (failure.Error.Code == ErrorCodes.ModelNotFound && directory.Provider(name.Split('/')[0]) is not null))
            {
                problems.Add($"--models: {failure.Message}");
                return null;
            }

            notes.Add($"'{name}' belongs to no provider that this home has configured; it is allowed as {entry}.");
            return entry;
        }
    }
}
