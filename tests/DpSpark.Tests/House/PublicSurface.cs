using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace DpSpark.Tests.House;

/// <summary>Writes what callers of an assembly can see, one line a member, in an order that depends on names alone.</summary>
internal static class PublicSurface
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> s_words = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(char)] = "char",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    public static IEnumerable<string> Of(Assembly assembly) => Of(assembly.GetExportedTypes());

    public static IEnumerable<string> Of(IEnumerable<Type> types) => types.OrderBy(Name, StringComparer.Ordinal).SelectMany(t => Members(t).Order(StringComparer.Ordinal).Prepend(Head(t)));

    private static string Head(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? (type.IsByRefLike ? "ref struct" : "struct") : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : "class";
        var how = kind != "class" ? "" : type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        var bases = type.GetInterfaces().Where(i => i.IsVisible && !i.IsGenericType).Select(Name).Order(StringComparer.Ordinal).ToList();
        if (type.BaseType is { } parent && kind == "class" && parent != typeof(object))
        {
            bases.Insert(0, Name(parent));
        }

        return $"{how}{kind} {Name(type)}{(kind == "enum" || bases.Count == 0 ? "" : " : " + string.Join(", ", bases))}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        foreach (var field in type.GetFields(Declared).Where(f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly).Where(f => !f.IsSpecialName))
        {
            yield return field.IsLiteral
                ? $"  const {field.Name} = {Value(field.GetRawConstantValue())}"
                : $"  field {(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{Name(field.FieldType)} {field.Name}";
        }

        foreach (var constructor in type.GetConstructors(Declared).Where(Visible))
        {
            yield return $"  constructor ({Parameters(constructor)})";
        }

        foreach (var property in type.GetProperties(Declared))
        {
            var accessors = new[] { Accessor(property.GetMethod, "get"), Accessor(property.SetMethod, IsInit(property) ? "init" : "set") }.OfType<string>().ToArray();
            if (accessors.Length > 0)
            {
                var some = property.GetMethod ?? property.SetMethod!;
                var index = property.GetIndexParameters().Length == 0 ? "" : "[" + string.Join(", ", property.GetIndexParameters().Select(p => Name(p.ParameterType))) + "]";
                yield return $"  property {How(some)}{Name(property.PropertyType)} {property.Name}{index} {{ {string.Join(" ", accessors)} }}";
            }
        }

        foreach (var handler in type.GetEvents(Declared).Where(e => Visible(e.AddMethod!)))
        {
            yield return $"  event {Name(handler.EventHandlerType!)} {handler.Name}";
        }

        // What the compiler makes for records and properties says nothing of its own.
        foreach (var method in type.GetMethods(Declared).Where(Visible).Where(m => !m.Name.Contains('<', StringComparison.Ordinal) && !m.IsDefined(typeof(CompilerGeneratedAttribute)) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal))))
        {
            var generics = method.IsGenericMethodDefinition ? "<" + string.Join(", ", method.GetGenericArguments().Select(Name)) + ">" : "";
            yield return $"  method {How(method)}{Name(method.ReturnType)} {method.Name}{generics}({Parameters(method)})";
        }
    }

    private static bool Visible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string How(MethodInfo method) => method.DeclaringType!.IsInterface ? "" : method.IsStatic ? "static " : method.IsAbstract ? "abstract " : method.GetBaseDefinition() != method ? "override " : method.IsVirtual && !method.IsFinal ? "virtual " : "";

    private static string? Accessor(MethodInfo? method, string word) => method is not null && Visible(method) ? word + ";" : null;

    private static bool IsInit(PropertyInfo property) => property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        (p.ParameterType.IsByRef ? (p.IsOut ? "out " : p.IsIn ? "in " : "ref ") : "") + Name(p.ParameterType.IsByRef ? p.ParameterType.GetElementType()! : p.ParameterType) + " " + p.Name
        + (p.HasDefaultValue ? " = " + Value(p.RawDefaultValue) : "")));

    private static string Value(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string Name(Type type)
    {
        if (s_words.TryGetValue(type, out var word))
        {
            return word;
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Name(inner) + "?";
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (type.IsPointer || type.IsByRef)
        {
            return Name(type.GetElementType()!) + (type.IsPointer ? "*" : "&");
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        var arguments = type.GetGenericArguments();
        var outer = type.DeclaringType is { } declaring ? Name(declaring) : type.Namespace;
        var own = type.Name.Split('`')[0];
        var outers = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        return $"{outer}.{own}{(arguments.Length > outers ? "<" + string.Join(", ", arguments.Skip(outers).Select(Name)) + ">" : "")}";
    }
}
